"""The variants that flagd's Python provider computes: a job as JSON on standard input, the answer as JSON on
standard output (see test/fixtures/foreign.ts)."""

import json
import logging
import re
import sys
import tempfile
from urllib.parse import quote

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

logging.disable(logging.CRITICAL)


def ascii_key(key: str) -> str:
    """The one-liner of docs/flags.md."""
    return re.sub(r"[^\x00-\x7f]+", lambda beyond: quote(beyond[0]), key)


def context(attributes: dict, encode: list) -> EvaluationContext:
    attributes = {
        name: ascii_key(value) if name in encode and isinstance(value, str) else value
        for name, value in attributes.items()
    }
    return EvaluationContext(attributes.pop("targetingKey", None), attributes)


def evaluate(document: str, flag: str, contexts: list) -> list:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(document)
        file.flush()
        api.set_provider_and_wait(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=file.name))
        client = api.get_client()
        return [client.get_boolean_details(flag, False, one).variant or "" for one in contexts]


job = json.load(sys.stdin)
contexts = [context(attributes, job["encode"]) for attributes in job["contexts"]]
json.dump([evaluate(document, job["flag"], contexts) for document in job["documents"]], sys.stdout)
sys.stdout.flush()
api.shutdown()
