"""Keys, codes, tokens and receipts: everything that is derived from the one secret.

The 32-byte secret is separated by HKDF labels, so that no derived key reveals another. Codes have 60 random
bits and tokens 256, which nobody can guess, so their HMACs need no slow hash.
"""

import hmac
import os
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import Final
from unicodedata import decimal, normalize

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 12
LONGEST: Final = 200
"""Longer than a code with whatever is pasted around it."""
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
RUN_BYTES: Final = 16
RUN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}")
SEALED_KEY: Final = NONCE_BYTES + KEY_BYTES + 16
"""The length of a key that `seal` closed."""
_READ_AS: Final = str.maketrans("OIL", "011")


def new_code() -> str:
    """Return a new random code."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(CODE_LENGTH))


def read_code(typed: str) -> str | None:
    """Read a code or receipt as a person types or pastes it: O for 0, I and L for 1, digits of any script.

    Only letters and digits count: case, width, spaces, dashes, quotes and marks of direction are ignored.
    """
    signs = (each for each in normalize("NFKC", typed[:LONGEST]).upper() if each.isalnum())
    code = "".join(str(decimal(each, each)) for each in signs).translate(_READ_AS)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CROCKFORD) else None


def in_groups(code: str) -> str:
    """Return a code in three groups of four, as it is printed."""
    return "-".join(code[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def new_token() -> str:
    """Return a new random token."""
    return secrets.token_urlsafe(KEY_BYTES)


@dataclass(frozen=True, repr=False)
class Vault:
    """The secret and what is derived from it."""

    secret: bytes
    earlier: tuple[bytes, ...] = ()
    """The secrets before it, the latest first: for receipts in people's hands, and for the ledger."""

    def fingerprint(self) -> str:
        """Identify the secret and those before it, and reveal none: kept in `setting`, and compared.

        Without the earlier ones no receipt from before a rotation would erase, and the ledger would name
        everything otherwise.
        """
        return self._mac("fingerprint", b"".join((b"counterpoise", *self.earlier))).hex()

    def code_hmac(self, code: str) -> bytes:
        return self._mac("code", code.encode())

    def token_hmac(self, token: str) -> bytes:
        return self._mac("session-token", token.encode())

    def submit_hmac(self, wave: str, idempotency_key: str) -> bytes:
        return self._mac("submit-key", f"{wave}\0{idempotency_key}".encode())

    def body_hmac(self, body: bytes) -> bytes:
        return self._mac("submit-body", body)

    def receipt(self, idempotency_key: str) -> str:
        """The first 60 bits of an HMAC, so that posting the same answers again shows the same receipt."""
        number = int.from_bytes(self._mac("receipt", idempotency_key.encode())[:8], "big") >> 4
        return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(55, -1, -5))

    def receipt_hmac(self, receipt: str) -> bytes:
        return self._mac("receipt-kept", receipt.encode())

    def receipt_hmacs(self, receipt: str) -> list[bytes]:
        """As what a receipt may be kept: under the secret, or one before it."""
        secrets = (self.secret, *self.earlier)
        return [self._mac("receipt-kept", receipt.encode(), each) for each in secrets]

    def identity_hmac(self, issuer: str, subject: str) -> bytes:
        return self._mac("identity", f"{issuer}\0{subject}".encode())

    def run_key(self, run: bytes, day: date) -> str:
        """The key in the pages of a private run: random bytes, and our mark that it began on this day."""
        return urlsafe_b64encode(run + self._mark(run, day)).decode().rstrip("=")

    def run_of(self, key: str, days: Iterable[date]) -> bytes | None:
        """The random bytes of a key that was made here on one of these days."""
        if not RUN_KEY.fullmatch(key):
            return None
        made = urlsafe_b64decode(f"{key}=")
        run, mark = made[:RUN_BYTES], made[RUN_BYTES:]
        return run if any(hmac.compare_digest(mark, self._mark(run, day)) for day in days) else None

    def audit_mac(self, previous: bytes, event: bytes) -> bytes:
        return self._mac("audit", previous + event)

    def cut_mac(self, number: int, seal: bytes) -> bytes:
        """Prove that the beginning of the trail was deleted here, up to the entry of this number and seal."""
        return self._mac("audit-cut", f"{number} {seal.hex()}".encode())

    def ledger_mac(self, kind: str, what: bytes) -> bytes:
        """Name what has ended in the ledger, under a key of its own: by itself it points at no row.

        The key is that of the first secret, so that what ends after a rotation is known in older backups.
        """
        return self._mac("ledger", kind.encode() + b"\0" + what, self._first())

    def row_mac(self, row: bytes) -> bytes:
        return self._mac("response-row", row)

    def key_for_draft(self, wave: str, code: str, phrase: Sequence[int]) -> bytes:
        """The key from code and phrase together; neither opens anything alone."""
        return self._derive(f"draft\0{wave}\0{code}\0{' '.join(map(str, phrase))}".encode())

    def key_for_session(self, token: str) -> bytes:
        return self._derive(b"session\0" + token.encode())

    def key_for_totp(self, account: bytes) -> bytes:
        return self._derive(b"totp\0" + account)

    def key_for_cookie(self, name: str) -> bytes:
        return self._derive(b"cookie\0" + name.encode())

    def key_for_digest(self, wave: str) -> bytes:
        return self._derive(b"export-digest\0" + wave.encode())

    def key_for_marks(self, random: bytes) -> bytes:
        """The key of the marks that link two waves: nobody can make them again without `random`.

        It comes from the first secret, so that a rotation between the two waves leaves them linkable.
        """
        return self._derive(b"marks\0" + random, self._first())

    def _first(self) -> bytes:
        return (self.secret, *self.earlier)[-1]

    def _mark(self, run: bytes, day: date) -> bytes:
        return self._mac("run", run + day.isoformat().encode())[:RUN_BYTES]

    def _mac(self, label: str, message: bytes, secret: bytes | None = None) -> bytes:
        return hmac.new(_label_key(secret or self.secret, label), message, sha256).digest()

    def _derive(self, info: bytes, secret: bytes | None = None) -> bytes:
        made = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info)
        return made.derive(secret or self.secret)


@lru_cache(maxsize=64)
def _label_key(secret: bytes, label: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label.encode()).derive(secret)


def new_key() -> bytes:
    """Return a new random key."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plain: bytes) -> bytes:
    """Encrypt and authenticate bytes under a key (AES-GCM), with a random nonce in front."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, None)


def unseal(key: bytes, sealed: bytes) -> bytes | None:
    """Open what `seal` closed; None where the key is another one or a byte was changed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        return None


def pad(plain: bytes, size: int) -> bytes:
    """Fill up to `size`, so that the length of a draft shows nothing of its content."""
    if len(plain) >= size:
        raise ValueError(f"a draft of {len(plain)} bytes does not fit into {size}")
    return plain + b"\x01" + b"\0" * (size - len(plain) - 1)


def unpad(padded: bytes) -> bytes:
    """Remove what `pad` added."""
    return padded.rstrip(b"\0")[:-1]
