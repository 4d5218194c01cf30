"""Where the data set is written, and what the workers that make it need."""

from pydantic import Field, StrictStr

from mashbill.models.settings import Path, Section
from mashbill.pipelines.recipe.values import WrittenPath


class Resources(Section):
    """What the stages that run models ask an engine for; Dataflow gives it to them alone."""

    accelerator: StrictStr | None = Field(
        None,
        examples=["type:nvidia-tesla-t4;count:1;install-nvidia-driver"],
        description="accelerator of a worker that runs models",
    )
    min_ram: StrictStr | None = Field(
        None, examples=["16GB"], description="memory of a worker that runs models"
    )

    def hints(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class Output(Section):
    path: WrittenPath = Field(description="folder of the data set, on disk or in an object store")
    shards: int = Field(
        8,
        ge=1,
        le=99_999,
        description="largest number of files of a split; a run resumes after its finished shards",
    )
    adds_to: Path | None = Field(
        None, description="folder of a data set with the same sources, to which variants are added"
    )
