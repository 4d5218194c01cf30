"""The recipe: one frozen, typed object that describes a run, one file for each of its sections."""

from mashbill.pipelines.recipe.augment import Augment, Method
from mashbill.pipelines.recipe.corpus import Corpus, Splits
from mashbill.pipelines.recipe.distill import Assistant, Distill
from mashbill.pipelines.recipe.evaluate import Arm, Evaluate, EvaluationSet, HumanRatings
from mashbill.pipelines.recipe.filtering import Filtering
from mashbill.pipelines.recipe.mlm import MaskedLanguageModel
from mashbill.pipelines.recipe.output import Output, Resources
from mashbill.pipelines.recipe.recipe import Recipe
from mashbill.pipelines.recipe.search import Search
from mashbill.pipelines.recipe.teacher import (
    CrossFittedTeacher,
    EnsembleTeacher,
    Labeller,
    Teacher,
    TeacherTraining,
)

__all__ = [
    "Arm",
    "Assistant",
    "Augment",
    "Corpus",
    "CrossFittedTeacher",
    "Distill",
    "EnsembleTeacher",
    "Evaluate",
    "EvaluationSet",
    "Filtering",
    "HumanRatings",
    "Labeller",
    "MaskedLanguageModel",
    "Method",
    "Output",
    "Recipe",
    "Resources",
    "Search",
    "Splits",
    "Teacher",
    "TeacherTraining",
]
