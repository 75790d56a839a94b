"""Finding and making the mailboxes, with the server's own separator and namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Account
from coolmail.core.steps import Role
from coolmail.mail.imap.session import ImapSession
from coolmail.mail.imap.values import MailboxInfo

WELL_KNOWN = {
    Role.DRAFTS: (
        "drafts", "draft", "entwürfe", "kladder", "utkast", "concepten", "brouillons", "borradores", "bozze", "rascunhos",
        "luonnokset", "szkice",
    ),
    Role.SENT: (
        "sent", "sent items", "sent mail", "sent messages", "gesendet", "gesendete elemente", "sendt", "sendt post", "skickat",
        "verzonden items", "verzonden", "éléments envoyés", "envoyés", "enviados", "posta inviata", "wysłane", "lähetetyt",
    ),
}  # fmt: skip
"""Names of Drafts and Sent where a server tells no special use (RFC 6154), in lower case."""


class NoMailboxError(CoolmailError):
    """A mailbox that must exist was not found."""


async def prepare(session: ImapSession, account: Account) -> dict[Role, str]:
    """Return the mailboxes by role, made and subscribed where missing. Raises `NoMailboxError` as `look` does."""
    boxes, missing = await look(session, account)
    for name in missing:
        await session.create(name)
        await session.subscribe(name)
    return boxes


async def look(session: ImapSession, account: Account) -> tuple[dict[Role, str], tuple[str, ...]]:
    """Return the mailboxes by role, and which of ours are missing; nothing is changed.

    Raises `NoMailboxError` if Drafts or Sent cannot be told, or if one mailbox would be two things.
    """
    listed = await session.list_mailboxes()
    prefix, delimiter = await session.namespace_prefix()
    delimiter = delimiter or next((box.delimiter for box in listed if box.delimiter), None)
    names = account.mailboxes
    found = {
        role: _find(listed, role, configured, delimiter)
        for role, configured in ((Role.DRAFTS, names.drafts), (Role.SENT, names.sent))
    }
    for role, name in found.items():
        if name is None:
            key = role.value
            raise NoMailboxError(
                f"account {account.name}: the {key.capitalize()} mailbox was not found among {_examples(listed)}; name it in the config as "
                f"mailboxes: {{{key}: ...}}. Nothing was touched."
            )
    boxes = {role: name for role, name in found.items() if name is not None}
    for role, leaf in (
        (Role.OUTBOX, names.outbox),
        (Role.HELD, names.held),
        (Role.SEND_ANYWAY, names.send_anyway),
        (Role.REVIEW, names.review),
        (Role.SENDING, names.sending),
    ):
        boxes[role] = own_name(names.parent, leaf, prefix, delimiter)
    _check_apart(account, boxes)
    exists = {
        box.name for box in listed if "\\noselect" not in box.attributes and "\\nonexistent" not in box.attributes
    }
    return boxes, tuple(name for role, name in boxes.items() if role not in found and name not in exists)


def _check_apart(account: Account, boxes: Mapping[Role, str]) -> None:
    """Raise `NoMailboxError` unless every mailbox is one of its own: what lies in Outbox is sent, which must not be INBOX or all of Drafts."""
    taken = {"inbox": "INBOX"}
    for role, name in boxes.items():
        if (other := taken.setdefault(name.casefold(), role.value)) != role.value:
            raise NoMailboxError(
                f"account {account.name}: the mailbox {name!r} cannot be {role.value} and {other} at once; "
                "give them different names under mailboxes: in the config. Nothing was touched."
            )


def own_name(parent: str, leaf: str, prefix: str, delimiter: str | None) -> str:
    """Return the server's name of one of our mailboxes; levels are `/` in the config and joined with `-` on a server without hierarchy."""
    path = "/".join(part for part in (parent, leaf) if part)
    if delimiter is None:
        return path.replace("/", "-")
    name = path.replace("/", delimiter)
    return name if name.startswith(prefix) else prefix + name


def _find(listed: Iterable[MailboxInfo], role: Role, configured: str | None, delimiter: str | None) -> str | None:
    listed = list(listed)
    if configured is not None:
        wanted = configured.replace("/", delimiter) if delimiter else configured
        return next((box.name for box in listed if box.name in (wanted, configured)), None)
    for box in listed:
        if f"\\{role.value}" in box.attributes:
            return box.name
    by_rank = {name: rank for rank, name in enumerate(WELL_KNOWN[role])}
    candidates = []
    for box in listed:
        leaf = box.name.rpartition(box.delimiter)[2] if box.delimiter else box.name
        if leaf.casefold() in by_rank and "\\noselect" not in box.attributes:
            candidates.append((by_rank[leaf.casefold()], len(box.name), box.name))
    return min(candidates)[2] if candidates else None


def _examples(listed: list[MailboxInfo]) -> str:
    names = [box.name for box in listed]
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "no mailboxes at all"
