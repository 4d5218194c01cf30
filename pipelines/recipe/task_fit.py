"""What of a recipe makes no sense in its kind of task, known before any work."""

from collections.abc import Iterator

from mashbill.pipelines.recipe.sections import Sections

AGREES = "teacher_agrees"  # the filter that asks whether two answers are the same


def misfits(recipe: Sections) -> Iterator[tuple[str, str]]:
    """Key and fault of each setting that the task cannot have."""
    task = recipe.task
    yield from _of_labels(recipe)
    if not task.reads_words:
        yield from _of_entities(recipe)
    agreeing = ["filter.teacher_agrees"] if recipe.filter.teacher_agrees else []
    agreeing += [f"filters.{i}" for i, one in enumerate(recipe.filters) if one.kind == AGREES]
    for key in agreeing if task.needs_tolerance else ():
        yield key, "needs task.tolerance, the largest difference of two numbers that agree"
    if not task.has_confidence:
        for i, one in enumerate(recipe.filters):
            if "teacher_confidence" in one.reads:
                yield f"filters.{i}", f"answers of the task {task.kind} have no confidence"
        if recipe.filter.min_confidence:
            yield "filter.min_confidence", f"answers of the task {task.kind} have no confidence"
        if recipe.filter.weight == "confidence":
            yield "filter.weight", f"answers of the task {task.kind} have no confidence"
    if not task.has_classes:
        yield from _of_classes(recipe)
    if recipe.teacher.mean == "probabilities" and not task.has_classes:
        yield "teacher.average", f"probabilities are of one class per text; the task is {task.kind}"
    if recipe.teacher.train is not None:
        yield from _figure(recipe, "teacher.train.best_by", recipe.teacher.train.best_by, True)
    if not task.one_answer and recipe.is_pair_task:
        yield "task", f"the task {task.kind} labels words, so it does not support pairs of texts"
    if recipe.assistant is not None and (why := task.unfit.get("adv")):
        yield "assistant", f"the task {task.kind} does not support adv: {why}"
    if not task.one_answer and recipe.evaluate is not None:
        for name, arm in recipe.evaluate.arms.items():
            if arm.before is not None:
                yield f"evaluate.models.{name}.before", f"moves the words that a {task.kind} labels"
    if recipe.search is not None and task.losses and (recipe.search.suites or recipe.search.report):
        yield "search.suites", "its noise may take away the labels of words; leave both lists empty"
    if recipe.distill is not None:
        if task.losses and recipe.distill.training.choose_under:
            yield "distill.training.choose_under", "its noise may take away the labels of words"
        parts = [("distill.objective", recipe.distill.objective)]
        parts += [(f"distill.mixing.{i}", one) for i, one in enumerate(recipe.distill.mixing)]
        for key, one in parts:
            if why := task.unfit.get(one.kind):
                yield key, f"{one.kind} is not available for the task {task.kind}: {why}"
        best_by = recipe.distill.training.best_by
        yield from _figure(recipe, "distill.training.best_by", best_by, False)


def _of_labels(recipe: Sections) -> Iterator[tuple[str, str]]:
    evaluated = recipe.evaluate.sets if recipe.evaluate is not None else ()
    places = [(f"corpus.{i}", corpus) for i, corpus in enumerate(recipe.corpus)]
    places += [(f"evaluate.sets.{i}", one) for i, one in enumerate(evaluated)]
    for key, corpus in places:
        if isinstance(corpus.label, str) or corpus.label is None:
            continue
        if recipe.task.reads_words:
            yield f"{key}.label", "the entities of a text must be one field"
        elif recipe.task.has_classes:
            yield f"{key}.label", "a text has one class, so the label must be one field"
        elif len(corpus.label) != len(recipe.labels):
            yield (
                f"{key}.label",
                f"{len(corpus.label)} fields for {len(recipe.labels)} labels; expected "
                "one field for each label",
            )


def _of_entities(recipe: Sections) -> Iterator[tuple[str, str]]:
    for where, method in recipe.every_method():
        augmenter = method.augmenter()
        if augmenter.uses_entities:
            yield (
                ".".join(map(str, where)),
                f"{augmenter.label}: its texts have no named entities; task: {{kind: spans}}",
            )


def _of_classes(recipe: Sections) -> Iterator[tuple[str, str]]:
    kind = recipe.task.kind
    for place, method in enumerate(recipe.augment.methods):
        if any(model.role == "classifier" for model in method.augmenter().needs()):
            yield (
                f"augment.methods.{place}",
                f"keep_label needs one class per text; the task is {kind}",
            )
    if recipe.splits.stratify:
        yield "splits.stratify", f"divides classes; the task {kind} has none"
    if recipe.mlm is not None and recipe.mlm.condition_on_label:
        yield (
            "mlm.condition_on_label",
            f"needs one class per text; the task is {kind}",
        )
    if recipe.teacher.train is not None and recipe.teacher.train.balance == "weights":
        yield "teacher.train.balance", f"weighs classes; the task {kind} has none"
    objective = recipe.distill and recipe.distill.objective
    if getattr(objective, "kind", None) == "sld" and objective.balance:
        yield "distill.objective.balance", f"balances classes; the task {kind} has none"
    if recipe.distill is not None and recipe.distill.training.balance == "weights":
        yield "distill.training.balance", f"weighs classes; the task {kind} has none"
    if recipe.evaluate is not None and recipe.evaluate.people is not None:
        yield "evaluate.people", f"holds votes for classes; the task {kind} has none"


def _figure(
    recipe: Sections, key: str, name: str | None, gold_only: bool
) -> Iterator[tuple[str, str]]:
    allowed = [
        figure
        for figure in recipe.task.chosen_by
        if figure in recipe.task.needs_gold or not gold_only
    ]
    if name is not None and name not in allowed:
        known = ", ".join(allowed)
        yield key, f"{name!r} is not a figure of the task {recipe.task.kind}; allowed: {known}"
