BEGIN TRANSACTION;
CREATE TABLE account (
	name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_account PRIMARY KEY (name)
);
INSERT INTO "account" VALUES('work','ready','','2025-11-24 12:00:00.000000');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE daemon (
	id INTEGER NOT NULL, 
	pid INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	notice VARCHAR NOT NULL, 
	CONSTRAINT pk_daemon PRIMARY KEY (id)
);
CREATE TABLE errand (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	message VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	raw BLOB NOT NULL, 
	message_id VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	done_at DATETIME, 
	outcome VARCHAR NOT NULL, 
	CONSTRAINT fk_errand_message_message FOREIGN KEY(message) REFERENCES message (id)
);
INSERT INTO "errand" VALUES(1,'hwyq','work','call','drafts',X'4D6573736167652D49443A203C65314073747564696F2E6578616D706C653E0D0A0D0A4C65742075732074616C6B2E0D0A','<e1@studio.example>','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','put into Drafts');
INSERT INTO "errand" VALUES(2,'hwyq','work','edit','held',X'4D6573736167652D49443A203C65324073747564696F2E6578616D706C653E0D0A0D0A536F667465722E0D0A','<e2@studio.example>','2025-11-24 12:00:00.000000',NULL,'');
CREATE TABLE event (
	id INTEGER NOT NULL, 
	message VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	state VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (id), 
	CONSTRAINT fk_event_message_message FOREIGN KEY(message) REFERENCES message (id)
);
INSERT INTO "event" VALUES(1,'5dwz','2025-11-24 12:00:00.000000','taken','taken from Outbox');
INSERT INTO "event" VALUES(2,'gx6b','2025-11-24 12:00:00.000000','scored','taken from Outbox');
INSERT INTO "event" VALUES(3,'hwyq','2025-11-24 12:00:00.000000','held','taken from Outbox');
INSERT INTO "event" VALUES(4,'hmhx','2025-11-24 12:00:00.000000','due','taken from Outbox');
INSERT INTO "event" VALUES(5,'wjwf','2025-11-24 12:00:00.000000','submitting','taken from Outbox');
INSERT INTO "event" VALUES(6,'qgy3','2025-11-24 12:00:00.000000','submitted','taken from Outbox');
INSERT INTO "event" VALUES(7,'844j','2025-11-24 12:00:00.000000','filed','taken from Outbox');
INSERT INTO "event" VALUES(8,'h5sx','2025-11-24 12:00:00.000000','withdrawn','taken from Outbox');
INSERT INTO "event" VALUES(9,'8gm9','2025-11-24 12:00:00.000000','cancelled','taken from Outbox');
INSERT INTO "event" VALUES(10,'auan','2025-11-24 12:00:00.000000','review','taken from Outbox');
INSERT INTO "event" VALUES(11,'wsya','2025-11-24 12:00:00.000000','failed','taken from Outbox');
INSERT INTO "event" VALUES(12,'ttzd','2025-11-24 12:00:00.000000','elsewhere','taken from Outbox');
CREATE TABLE feedback (
	id INTEGER NOT NULL, 
	message VARCHAR, 
	account VARCHAR, 
	at DATETIME NOT NULL, 
	answer VARCHAR NOT NULL, 
	heat FLOAT NOT NULL, 
	level VARCHAR NOT NULL, 
	text_hash VARCHAR NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_message_message FOREIGN KEY(message) REFERENCES message (id)
);
INSERT INTO "feedback" VALUES(1,'hwyq','work','2025-11-24 12:00:00.000000','wrong',0.9,'heated','abababababababababababababababababababababababababababababababab');
CREATE TABLE message (
	id VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	message_id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	taken_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	subject VARCHAR NOT NULL, 
	sender VARCHAR NOT NULL, 
	recipients JSON NOT NULL, 
	in_reply_to VARCHAR, 
	thread JSON NOT NULL, 
	own_text VARCHAR NOT NULL, 
	raw BLOB, 
	source_mailbox VARCHAR NOT NULL, 
	source_uidvalidity INTEGER NOT NULL, 
	source_uid INTEGER NOT NULL, 
	claimed BOOLEAN NOT NULL, 
	place_mailbox VARCHAR, 
	place_uidvalidity INTEGER, 
	place_uid INTEGER, 
	override BOOLEAN NOT NULL, 
	report JSON, 
	verdict VARCHAR, 
	reasons JSON NOT NULL, 
	hold_until DATETIME, 
	continues VARCHAR, 
	frozen BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME, 
	first_attempt_at DATETIME, 
	stage VARCHAR, 
	server_reply VARCHAR, 
	refused JSON NOT NULL, 
	accepted JSON NOT NULL, 
	decision VARCHAR, 
	note_id VARCHAR, 
	note_kind VARCHAR, 
	suggestion_id VARCHAR, 
	reminded_at DATETIME, 
	CONSTRAINT pk_message PRIMARY KEY (id)
);
INSERT INTO "message" VALUES('5dwz','work','<m0@studio.example>','taken','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,0,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('gx6b','work','<m1@studio.example>','scored','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,1,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('hwyq','work','<m2@studio.example>','held','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,2,1,'Coolmail/Held',7,3,0,'{"heat": 0.9, "level": "heated", "own_text": "Thank you for your mail. You never read what I send you! Please call me.", "language": "en", "judged": true, "notice": null, "sentences": [{"text": "Thank you for your mail.", "start": 0, "end": 24, "heat": 0.02, "kinds": []}, {"text": "You never read what I send you!", "start": 25, "end": 56, "heat": 0.9, "kinds": ["blame", "anger"]}, {"text": "Please call me.", "start": 57, "end": 72, "heat": 0.05, "kinds": []}]}','hold','["blame"]','2025-11-25 18:00:00.000000',NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]','release','<n2@x>','held',NULL,NULL);
INSERT INTO "message" VALUES('hmhx','work','<m3@studio.example>','due','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,3,1,'Coolmail/Held',7,4,0,'{"heat": 0.9, "level": "heated", "own_text": "Thank you for your mail. You never read what I send you! Please call me.", "language": "en", "judged": true, "notice": null, "sentences": [{"text": "Thank you for your mail.", "start": 0, "end": 24, "heat": 0.02, "kinds": []}, {"text": "You never read what I send you!", "start": 25, "end": 56, "heat": 0.9, "kinds": ["blame", "anger"]}, {"text": "Please call me.", "start": 57, "end": 72, "heat": 0.05, "kinds": []}]}','hold','["blame"]','2025-11-25 18:00:00.000000',NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,'<n3@x>','held',NULL,NULL);
INSERT INTO "message" VALUES('wjwf','work','<m4@studio.example>','submitting','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,4,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,2,NULL,'2025-11-24 12:00:00.000000','data',NULL,'[["cy@shop.example", "550 no"]]','["bo@shop.example"]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('qgy3','work','<m5@studio.example>','submitted','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,5,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('844j','work','<m6@studio.example>','filed','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,6,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('h5sx','work','<m7@studio.example>','withdrawn','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,7,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('8gm9','work','<m8@studio.example>','cancelled','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,8,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('auan','work','<m9@studio.example>','review','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,9,1,'Coolmail/Held',7,10,0,'{"heat": 0.9, "level": "heated", "own_text": "Thank you for your mail. You never read what I send you! Please call me.", "language": "en", "judged": true, "notice": null, "sentences": [{"text": "Thank you for your mail.", "start": 0, "end": 24, "heat": 0.02, "kinds": []}, {"text": "You never read what I send you!", "start": 25, "end": 56, "heat": 0.9, "kinds": ["blame", "anger"]}, {"text": "Please call me.", "start": 57, "end": 72, "heat": 0.05, "kinds": []}]}','hold','["blame"]','2025-11-25 18:00:00.000000',NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,'<n9@x>','held',NULL,NULL);
INSERT INTO "message" VALUES('wsya','work','<m10@studio.example>','failed','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,10,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "message" VALUES('ttzd','work','<m11@studio.example>','elsewhere','2025-11-24 12:00:00.000000','2025-11-24 12:00:00.000000','Re: The invoice','anna@studio.example','["bo@shop.example"]','<q1@shop.example>','["<q0@shop.example>", "<q1@shop.example>"]','Thank you for your mail. You never read what I send you! Please call me.',X'46726F6D3A20616E6E614073747564696F2E6578616D706C650D0A5375626A6563743A20780D0A0D0A4F776E20FF20746578742E0D0A','Coolmail/Outbox',1,11,0,NULL,NULL,NULL,0,NULL,NULL,'[]',NULL,NULL,0,0,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE met (
	account VARCHAR NOT NULL, 
	mailbox VARCHAR NOT NULL, 
	uidvalidity INTEGER NOT NULL, 
	ignored JSON NOT NULL, 
	CONSTRAINT pk_met PRIMARY KEY (account, mailbox, uidvalidity)
);
INSERT INTO "met" VALUES('work','Drafts',3,'[[4, 1], [9, 0]]');
CREATE TABLE talk (
	message VARCHAR NOT NULL, 
	found JSON, 
	slot DATETIME, 
	called_at DATETIME, 
	note VARCHAR NOT NULL, 
	CONSTRAINT pk_talk PRIMARY KEY (message), 
	CONSTRAINT fk_talk_message_message FOREIGN KEY(message) REFERENCES message (id)
);
INSERT INTO "talk" VALUES('hwyq','{"numbers": ["+4533123456"]}','2025-11-24 12:00:00.000000',NULL,'');
CREATE INDEX ix_message_state ON message (account, state);
CREATE INDEX ix_message_taken_at ON message (taken_at);
CREATE UNIQUE INDEX uq_message_unfinished ON message (account, message_id) WHERE state NOT IN ('filed', 'withdrawn', 'cancelled', 'elsewhere');
CREATE INDEX ix_event_message ON event (message);
CREATE INDEX ix_errand_unfinished ON errand (account, done_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('errand',2);
COMMIT;
