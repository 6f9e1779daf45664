"""One interface to every vendor's fine-tuning: validate, estimate, submit once, status, cancel."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from mandi.core.errors import ConfigError, ContractError
from mandi.core.outbound import CONNECTING, Outbound, OutboundError
from mandi.student.vendors.params import VendorParams, require_switched_on
from mandi.student.vendors.receipts import Receipts

Method = Literal["sft", "preference"]
State = Literal["queued", "running", "succeeded", "failed", "cancelled", "unknown"]
ENDED: tuple[State, ...] = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class TuningFiles:
    """What is sent.

    Attributes
    ----------
    training : Path
        In the vendor's own format.
    validation : Path, optional
    method : str
        ``sft`` or ``preference``.
    training_uri, validation_uri : str, optional
        Where the same files lie in a bucket (gs://...), for vendors that read them there.
    """

    training: Path
    validation: Path | None = None
    method: Method = "sft"
    training_uri: str | None = None
    validation_uri: str | None = None

    def digest(self) -> str:
        """Return a digest of the bytes of both files and of the method."""
        told = hashlib.sha256(self.method.encode())
        for file in (self.training, self.validation):
            told.update(b"\0")
            if file is not None:
                with file.open("rb") as opened:
                    told.update(hashlib.file_digest(opened, "sha256").digest())
        return told.hexdigest()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job is likely to cost; the tokens are estimated, and so is the money.

    Attributes
    ----------
    rows, tokens : int
        Of one pass over the training file.
    epochs : int
    usd : float
    """

    rows: int
    tokens: int
    epochs: int
    usd: float

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows, about {self.tokens:,} tokens x {self.epochs} passes: about USD {self.usd:,.2f} "
            "(tokens are estimated; the vendor counts its own)"
        )


@dataclass(frozen=True)
class JobStatus:
    """How a job stands.

    Attributes
    ----------
    job_id : str
    state : str
        One of ``State``; ``told`` is the vendor's own word for it.
    model_id : str, optional
        To ask the tuned model by, once there is one.
    trained_tokens : int, optional
        As the vendor counted them.
    metrics : mapping
        The last ones it tells.
    error : str
        Why it failed, in its words.
    """

    job_id: str
    state: State
    told: str
    model_id: str | None = None
    trained_tokens: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that was asked for; ``before`` if that was an earlier time, and nothing was paid now."""

    job_id: str
    before: bool


class TuningJobs(Protocol):
    """Fine-tuning at one vendor."""

    vendor: ClassVar[str]

    def validate(self, files: TuningFiles) -> list[str]:
        """Return what the vendor would refuse, line by line; nothing is sent."""
        ...

    def estimate(self, files: TuningFiles, model: str, epochs: int) -> Estimate:
        """Return the tokens and the money; nothing is sent."""
        ...

    def submit(self, files: TuningFiles, model: str, receipts: Receipts, agreed_usd: float) -> Submitted:
        """Ask for a job, once."""
        ...

    def status(self, job_id: str) -> JobStatus:
        """Return how a job stands."""
        ...

    def cancel(self, job_id: str) -> JobStatus:
        """Stop a job."""
        ...


class VendorJobs(ABC):
    """What is the same at every vendor.

    Parameters
    ----------
    out : Outbound
        The vendor's server, with its key.
    params : VendorParams
    environment : mapping, optional
        Where the second switch is looked for; that of the process if not given.
    """

    vendor: ClassVar[str]

    def __init__(
        self, out: Outbound, params: VendorParams, environment: Mapping[str, str] | None = None
    ) -> None:
        self.out, self.params, self._environment = out, params, environment

    def validate(self, files: TuningFiles) -> list[str]:
        """Return what the vendor would refuse; nothing is sent.

        Raises
        ------
        DataNotFound
            There is no such file.
        """
        from mandi.datasets.formats.checking import check_file

        name = f"{self.vendor}-{files.method}"
        found = []
        for file in (files.training, files.validation):
            if file is not None:
                found += [f"{file.name}, {problem}" for problem in check_file(file, name).problems]
        return found

    def estimate(self, files: TuningFiles, model: str, epochs: int) -> Estimate:
        """Return rows, estimated tokens and what they cost by the prices of params.yaml.

        Raises
        ------
        ConfigError
            No price of the model is known.
        """
        from mandi.datasets.formats.checking import check_file

        price = self.params.price(self.vendor, model)
        checked = check_file(files.training, f"{self.vendor}-{files.method}")
        return Estimate(checked.rows, checked.tokens, epochs, checked.tokens * epochs * price / 1e6)

    def submit(self, files: TuningFiles, model: str, receipts: Receipts, agreed_usd: float) -> Submitted:
        """Ask for a job of these files once; the same files, model and settings never pay twice.

        Parameters
        ----------
        files : TuningFiles
        model : str
        receipts : Receipts
            Where it is kept what was asked for.
        agreed_usd : float
            What whoever pays has agreed to; the estimate must not be above it.

        Raises
        ------
        ConfigError
            A switch is off, the model has no price, or the estimate is above ``agreed_usd`` or ``most_usd``.
        ContractError
            The vendor would refuse the files.
        OutboundError
            The vendor refused, or did not answer. Asked again, it goes on where it broke off: an upload is not
            repeated, and a job that was made without an answer is found.
        """
        require_switched_on(self.params, self._environment)
        key = self._key(files, model)
        with receipts.held(self.vendor, key) as receipt:
            if receipt.job_id:
                return Submitted(receipt.job_id, before=True)
            self._refuse(files, model, agreed_usd)
            if not receipt.uploaded:
                receipt.uploaded = self._upload(files)
                receipt.write()
            if receipt.asked and (found := self._find(key, receipt.uploaded)):
                receipt.job_id = found
                receipt.write()
                return Submitted(found, before=True)
            receipt.asked = True
            receipt.about = {"model": model, "method": files.method, "files": files.digest()}
            receipt.write()
            try:
                receipt.job_id = self._create(key, receipt.uploaded, files.method, model)
            except OutboundError as error:
                if error.fault in (*CONNECTING, "refused", "refused_key"):  # surely no job was made
                    receipt.asked = False
                    if error.fault == "refused":
                        receipt.uploaded = {}
                receipt.write()
                if receipt.asked:
                    error.next_command = "the same command again: it looks for the job before it asks for one"
                raise
            receipt.write()
        return Submitted(receipt.job_id, before=False)

    @abstractmethod
    def status(self, job_id: str) -> JobStatus:
        """Return how a job stands.

        Raises
        ------
        ConfigError
            That is no id of a job of this vendor.
        OutboundError
        """

    @abstractmethod
    def cancel(self, job_id: str) -> JobStatus:
        """Stop a job and return how it stands."""

    @abstractmethod
    def _upload(self, files: TuningFiles) -> dict[str, str]: ...

    @abstractmethod
    def _create(self, key: str, uploaded: Mapping[str, str], method: Method, model: str) -> str: ...

    @abstractmethod
    def _find(self, key: str, uploaded: Mapping[str, str]) -> str: ...

    def _refuse(self, files: TuningFiles, model: str, agreed_usd: float) -> None:
        if problems := self.validate(files):
            more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise ContractError(
                f"{self.vendor} would refuse this: {'; '.join(problems[:5])}{more}",
                next_command=f"mandi tune validate --vendor {self.vendor}",
            )
        cost = self.estimate(files, model, self.params.epochs)
        most = min(agreed_usd, self.params.most_usd)
        if cost.usd > most:
            raise ConfigError(
                f"the job is estimated at USD {cost.usd:,.2f}",
                allowed=f"at most USD {most:,.2f} (agreed to, and tuning.vendors.most_usd)",
            )

    def _key(self, files: TuningFiles, model: str) -> str:
        p = self.params
        settings = [p.epochs, p.beta, p.adapter_size, p.learning_rate_multiplier]
        told = [self.vendor, files.digest(), model, settings]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def number(told: Any) -> float | None:
    """Return a number a vendor told, as JSON's number or as text; None for anything else."""
    try:
        return None if told is None or isinstance(told, bool) else float(told)
    except (TypeError, ValueError):
        return None
