"""Whether a store will know us: without credentials Beam asks again and again for a minute."""

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, S3Options

from mashbill.models.errors import MashbillError

AWS = (
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile of the AWS configuration, or "
    "`-- --s3_access_key_id=... --s3_secret_access_key=...`"
)
GOOGLE = "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`"


def check_credentials(key: str, address: str, writes: bool = False) -> None:
    """Looks for the credentials that an address of `s3://` or `gs://` needs.

    Args:
        key: what the address is, for the message.
        writes: nobody writes anonymously; Google's public buckets are read so.

    Raises:
        MashbillError: there are none.
    """
    scheme = FileSystems.get_scheme(address)
    if scheme is not None and FileSystems._pipeline_options is None:
        FileSystems.set_options(PipelineOptions([]))  # Beam's S3 wants some, where no job gave any
    if scheme == "s3" and not _has_aws():
        raise MashbillError(f"{key}: {address}: no credentials for S3; set {AWS}")
    if scheme == "gs" and writes and not _has_google():
        raise MashbillError(f"{key}: {address}: no credentials for Google Cloud; set {GOOGLE}")


def _has_aws() -> bool:
    try:
        from boto3.session import Session
    except ImportError:
        return True  # Beam says what is to be installed
    options = FileSystems._pipeline_options
    given = options and options.view_as(S3Options).s3_access_key_id
    return bool(given) or Session().get_credentials() is not None


def _has_google() -> bool:
    try:
        import google.auth
        from google.auth.exceptions import DefaultCredentialsError
    except ImportError:
        return True
    try:
        google.auth.default()
    except DefaultCredentialsError:
        return False
    return True
