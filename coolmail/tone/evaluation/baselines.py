"""What the tone model has to beat: three tools that need no training, two classifiers trained on the very mails that the model was trained on.

All of them give a score for the whole text, higher for hotter; only the order counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from profanity_check import predict_prob
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_union
from sklearn.preprocessing import StandardScaler
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from coolmail.tone.evaluation.embedding import Encoder
from coolmail.tone.evaluation.mails import Labelled
from coolmail.tone.evaluation.measures import Floats

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Inverse regularisation strengths to choose from, by cross-validation over the training writers."""
FOLDS = 4

Advance = Callable[[int], None]


class Baseline(Protocol):
    """A judge of whole texts."""

    @property
    def name(self) -> str:
        """What it is called in the report."""

    def score(self, texts: Sequence[str], advance: Advance) -> Floats:
        """Return a score for each text, higher for hotter; `advance` is told how many more are done."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A published tool that judges one text at a time."""

    name: str
    judge: Callable[[str], float]

    def score(self, texts: Sequence[str], advance: Advance) -> Floats:
        """Ask the tool about each text."""
        scores = np.empty(len(texts))
        for at, text in enumerate(texts):
            scores[at] = self.judge(text)
            advance(1)
        return scores


def vader() -> Tool:
    """VADER: how negative its compound score is."""
    analyser = SentimentIntensityAnalyzer()
    return Tool("VADER", lambda text: -float(analyser.polarity_scores(text)["compound"]))


def textblob() -> Tool:
    """TextBlob: how negative its polarity is."""
    return Tool("TextBlob", lambda text: -float(TextBlob(text).sentiment.polarity))


def profanity_check() -> Tool:
    """alt-profanity-check: its probability that a text is offensive."""
    return Tool("alt-profanity-check", lambda text: float(predict_prob([text])[0]))


class TfIdf:
    """TF-IDF of words, pairs of words and pieces of words, with logistic regression."""

    name = "TF-IDF + logistic regression"

    def __init__(self, training: Sequence[Labelled], seed: int) -> None:
        self.features = make_union(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True),
        )
        self.head = linear_head(self.features.fit_transform([mail.text for mail in training]), training, seed)

    def score(self, texts: Sequence[str], advance: Advance) -> Floats:
        """Return the logits of the texts."""
        scores: Floats = np.asarray(self.head.decision_function(self.features.transform(texts)), float)
        advance(len(texts))
        return scores


class FrozenEncoder:
    """The encoder that training starts from, untouched, with a linear head on the mean of its token states."""

    name = "frozen encoder + linear head"

    def __init__(self, encoder: Encoder, training: Sequence[Labelled], seed: int, advance: Advance) -> None:
        self.encoder = encoder
        self.scaler = StandardScaler()
        vectors = self.scaler.fit_transform(encoder.embed([mail.text for mail in training], advance))
        self.head = linear_head(vectors, training, seed)

    def score(self, texts: Sequence[str], advance: Advance) -> Floats:
        """Return the logits of the texts."""
        vectors = self.scaler.transform(self.encoder.embed(texts, advance))
        scores: Floats = np.asarray(self.head.decision_function(vectors), float)
        return scores


def linear_head(features: Any, training: Sequence[Labelled], seed: int) -> Any:
    """Fit logistic regression on hold or send; its strength is the one that ranks best on writers left out."""
    writers = [mail.writer for mail in training]
    folds = GroupKFold(min(FOLDS, len(set(writers))))
    search = GridSearchCV(
        LogisticRegression(max_iter=2000, class_weight="balanced", random_state=seed),
        {"C": STRENGTHS},
        scoring="roc_auc",
        cv=folds,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a strength at which it does not converge is not chosen
        search.fit(features, [mail.held for mail in training], groups=writers)
    return search.best_estimator_
