"""A run as one object: what must hold between the sections of a recipe."""

import unicodedata
from collections import Counter
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe.distill import NEEDS_ALL
from mashbill.pipelines.recipe.sections import Sections
from mashbill.pipelines.recipe.task_fit import misfits
from mashbill.transforms.augmenters.registry import check_language
from mashbill.transforms.filters.near_duplicate import NearDuplicate


class Recipe(Sections):
    """A run: what is read, how it is augmented, filtered and labelled, and what is made of it."""

    @model_validator(mode="after")
    def _names_are_unique(self):
        labels = [unicodedata.normalize("NFC", label) for label in self.labels]
        for key, names in (("corpus", [c.name for c in self.corpus]), ("labels", labels)):
            twice = sorted(name for name, times in Counter(names).items() if times > 1)
            if twice:
                raise ValueError(f"{key}: {twice[0]!r} appears twice")
        return self

    @model_validator(mode="after")
    def _augmenters_work_in_the_language(self):
        for where, method in self.every_method():
            try:
                check_language(method.augmenter(), self.language)
            except MashbillError as error:
                raise _at((*where, "use"), method.use, error) from None
        return self

    @model_validator(mode="after")
    def _task_knows_its_labels(self):
        try:
            object.__setattr__(self, "task", self.task.over(self.labels))
        except ValueError as error:
            raise ValueError(f"labels: {error}") from None
        return self

    @model_validator(mode="after")
    def _sections_fit_the_task(self):
        for key, fault in misfits(self):
            raise ValueError(f"{key}: {fault}")
        return self

    @model_validator(mode="after")
    def _windows_are_of_single_texts(self):
        if self.teacher.windows is not None and self.is_pair_task:
            raise ValueError(
                "teacher.windows: not available for pairs of texts, which are truncated"
            )
        return self

    @model_validator(mode="after")
    def _one_teacher_is_asked(self):
        """What asks the teacher while the student learns knows one classifier."""
        if self.teacher.asks_in_words and not self.task.one_answer:
            raise ValueError(f"teacher: {self.teacher.kind} labels texts, not words")
        if self.teacher.asks_in_words and self.is_pair_task:
            raise ValueError(f"teacher: {self.teacher.kind} is not available for pairs of texts")
        if len(self.teacher.members) == 1 and not self.teacher.asks_in_words:
            return self
        if self.teacher.endpoints() and (self.evaluate is not None or self.search is not None):
            section = "search" if self.evaluate is None else "evaluate"
            raise ValueError(
                f"{section}: not available with a teacher that a server has, which would be paid "
                "for each row under each suite; `evaluate.models` of a recipe with another teacher "
                "names the student"
            )
        if self.rounds > 1:
            raise ValueError(f"rounds: not available with a teacher of kind {self.teacher.kind}")
        if self.distill is not None:
            if self.teacher.asks_in_words and self.distill.student.uses_teacher:
                raise ValueError(
                    f"distill.student: a teacher of kind {self.teacher.kind} has no layers to "
                    "start from; `from: checkpoint` starts from another model"
                )
            parts = [("objective", self.distill.objective)]
            for name in ("mixing", "matching"):
                parts += [(f"{name}.{i}", one) for i, one in enumerate(getattr(self.distill, name))]
            for key, part in parts:
                if part.needs_teacher:
                    raise ValueError(
                        f"distill.{key}: {part.kind} asks the teacher during the training, which "
                        f"is not available with a teacher of kind {self.teacher.kind}"
                    )
            if self.distill.data.fresh and self.distill.data.fresh.live:
                raise ValueError(
                    "distill.data.fresh.soft_labels: teacher asks the teacher during the training, "
                    f"which is not available with a teacher of kind {self.teacher.kind}"
                )
        return self

    @model_validator(mode="after")
    def _rounds_have_players(self):
        for section in ("distill", "assistant"):
            if self.rounds > 1 and getattr(self, section) is None:
                raise ValueError(f"rounds: more than one round needs the section {section}")
        if self.rounds > 1 and self.distill.student.vocabulary != "full":
            raise ValueError(f"distill.student.vocabulary: corpus: {NEEDS_ALL}, or one round")
        return self

    @model_validator(mode="after")
    def _a_pairs_label_says_nothing_of_one_text(self):
        if self.is_pair_task:
            for place, method in enumerate(self.augment.methods):
                if any(model.role == "classifier" for model in method.augmenter().needs()):
                    raise ValueError(
                        f"augment.methods.{place}: keep_label is not available for pairs of texts, "
                        "whose label belongs to both"
                    )
            if self.mlm is not None and self.mlm.condition_on_label:
                raise ValueError(
                    "mlm.condition_on_label is not available for pairs of texts, whose label "
                    "belongs to both"
                )
        return self

    @model_validator(mode="after")
    def _filters_fit_together(self):
        encoders = list(dict.fromkeys(self._encoders()))
        if len(encoders) > 1:
            raise ValueError(
                "filters: all filters must use the same sentence encoder, not "
                f"{' and '.join(encoders)}"
            )
        if not encoders and (self.filter.discriminator or self.filter.weight == "similarity"):
            what = "discriminator" if self.filter.discriminator else "weight: similarity"
            raise ValueError(f"filter: {what} needs similarity_model, a sentence encoder")
        if sum(isinstance(one, NearDuplicate) for one in self.filters) > 1:
            raise ValueError("filters: near_duplicate may appear only once")
        return self


def _at(location: tuple[str | int, ...], value: Any, error: MashbillError) -> ValidationError:
    """The error of a value that only fits or not by what stands elsewhere in the recipe."""
    kind = PydanticCustomError("value_error", "{message}", {"message": str(error)})
    details = InitErrorDetails(type=kind, loc=location, input=value)
    return ValidationError.from_exception_data("Recipe", [details])
