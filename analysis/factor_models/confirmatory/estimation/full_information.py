"""The normal likelihood of every row's answers, however many are missing (full information).

Rows with the same missing items share a pattern. With K = Σ⁻¹ and m a pattern's missing items, the inverse of
the covariances of the answered items, padded with noughts, is W = K - K_·m K_mm⁻¹ K_m·, so that a pattern
with few missing items takes little time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse

Index = NDArray[np.intp]
_PATTERNS: Final = 2048
_EM_STEPS: Final = 2000
_EM_SETTLED: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Patterns with the same number of missing items: these items, and the rows of each pattern.

    `pattern` gives for each of `rows` (positions in the data) its pattern among `missing`.
    """

    missing: Index
    rows: Index
    pattern: Index


@dataclass(frozen=True, kw_only=True)
class Incomplete:
    """Rows with missing answers of one group; rows without any answer are left out beforehand."""

    data: Matrix
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.data)

    @property
    def k(self) -> int:
        """Number of items."""
        return int(self.data.shape[1])

    @cached_property
    def answered(self) -> NDArray[np.bool_]:
        """Which answers are present, n rows x k items."""
        return ~np.isnan(self.data)

    @cached_property
    def answers(self) -> int:
        """Number of answers present."""
        return int(self.answered.sum())

    @cached_property
    def pairwise(self) -> tuple[Matrix, Matrix]:
        """Means, and covariances pair by pair times (n - 1) / n, as lavaan's GFI takes them."""
        present = self.answered.astype(np.float64)
        both = present.T @ present
        sums = self._filled.T @ present
        products = self._filled.T @ self._filled - sums * sums.T / both
        return self._centre, products / np.maximum(both - 1, 1) * (self.n - 1) / self.n

    @cached_property
    def _centre(self) -> Matrix:
        return np.asarray(np.nanmean(self.data, axis=0))

    @cached_property
    def _filled(self) -> Matrix:
        """Deviations from the items' means, nought where missing."""
        return np.where(self.answered, self.data - self._centre, 0.0)

    @cached_property
    def blocks(self) -> tuple[_Block, ...]:
        """The patterns, in blocks of equal numbers of missing items."""
        packed = np.packbits(self.answered, axis=1)
        _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        holes = ~self.answered[first]
        count = holes.sum(axis=1)
        blocks = []
        order = np.argsort(inverse, kind="stable")
        ends = np.cumsum(np.bincount(inverse, minlength=len(first)))
        begins = np.concatenate([[0], ends[:-1]])
        for size in np.unique(count):
            which = np.flatnonzero(count == size)
            for start in range(0, len(which), _PATTERNS):
                chosen = which[start : start + _PATTERNS]
                rows = np.concatenate([order[begins[p] : ends[p]] for p in chosen])
                pattern = np.repeat(np.arange(len(chosen)), (ends - begins)[chosen])
                missing = np.nonzero(holes[chosen])[1].reshape(len(chosen), int(size))
                blocks.append(_Block(missing=missing, rows=rows, pattern=pattern))
        return tuple(blocks)

    def _conditioned(self, block: _Block, K: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Return, for each pattern, K_m·, the inverse of K_mm and ln|K_mm|."""
        missing = block.missing
        across = K[missing]
        inner = K[missing[:, :, None], missing[:, None, :]]
        if missing.shape[1] == 0:
            return across, inner, np.zeros(len(missing))
        return across, inverse(inner), np.asarray(np.linalg.slogdet(inner)[1])

    def moments(self, mean: Matrix, covariance: Matrix) -> "FullMoments":
        """Return the likelihood at a mean vector and a covariance matrix, with its derivatives by these.

        The result for the last arguments is cached.
        """
        key = mean.tobytes() + covariance.tobytes()
        kept: tuple[bytes, FullMoments] | None = self.__dict__.get("_kept")
        if kept is None or kept[0] != key:
            kept = key, FullMoments(self, mean, covariance)
            self.__dict__["_kept"] = kept
        return kept[1]

    @cached_property
    def saturated(self) -> tuple[Matrix, Matrix, bool]:
        """Means and covariances at maximum likelihood, by the EM algorithm, and whether it converged."""
        if self.answered.all():
            centred = self.data - self._centre
            return self._centre, centred.T @ centred / self.n, True
        mean, filled = np.zeros(self.k), self._filled.copy()
        counts = np.maximum(self.answered.sum(axis=0), 1)
        covariance = np.diag((self._filled**2).sum(axis=0) / counts)
        settled = False
        for _ in range(_EM_STEPS):
            K = inverse(covariance)
            extra = np.zeros_like(covariance)
            for block in self.blocks:
                if block.missing.shape[1] == 0:
                    continue
                _, inner, _ = self._conditioned(block, K)
                at = block.missing[block.pattern]
                r = np.where(self.answered[block.rows], self._filled[block.rows] - mean, 0.0)
                inward = np.take_along_axis(r @ K, at, axis=1)
                moved = -np.einsum("imn,in->im", inner[block.pattern], inward)
                filled[block.rows[:, None], at] = mean[at] + moved
                weight = np.bincount(block.pattern, minlength=len(block.missing))
                places = (block.missing[:, :, None], block.missing[:, None, :])
                np.add.at(extra, places, inner * weight[:, None, None])
            new_mean = filled.mean(axis=0)
            centred = filled - new_mean
            new = (centred.T @ centred + extra) / self.n
            sd = np.sqrt(np.diagonal(new))
            change = max(
                float(np.abs((new - covariance) / np.outer(sd, sd)).max()),
                float(np.abs((new_mean - mean) / sd).max()),
            )
            mean, covariance = new_mean, new
            if change < _EM_SETTLED:
                settled = True
                break
        return mean + self._centre, covariance, settled


class FullMoments:
    """Half the discrepancy of incomplete rows, summed over them, at given moments, and its slopes."""

    def __init__(self, data: Incomplete, mean: Matrix, covariance: Matrix) -> None:
        self.data = data
        self.K = inverse(covariance)
        self.log_determinant = float(np.linalg.slogdet(covariance)[1])
        self.shift = mean - data._centre  # noqa: SLF001 - the two classes are one kernel

    @cached_property
    def _turned(self) -> tuple[float, Matrix, Matrix]:
        """Return ½ Σ (ln|Σ_oo| + r' W r), the sum of W over rows, and y = W r of each row."""
        data, K = self.data, self.K
        deviations = np.where(data.answered, data._filled - self.shift, 0.0)  # noqa: SLF001
        y = deviations @ K
        value = data.n * self.log_determinant
        total = data.n * K
        for block in data.blocks:
            if block.missing.shape[1] == 0:
                continue
            across, inner, log_determinants = data._conditioned(block, K)  # noqa: SLF001
            weight = np.bincount(block.pattern, minlength=len(block.missing))
            value += float(weight @ log_determinants)
            left = np.matmul(inner, across)
            k = len(K)
            total = total - (across * weight[:, None, None]).reshape(-1, k).T @ left.reshape(-1, k)
            inward = np.take_along_axis(y[block.rows], block.missing[block.pattern], axis=1)
            y[block.rows] -= np.einsum("im,imk->ik", inward, left[block.pattern])
        y = np.where(data.answered, y, 0.0)
        value += float((deviations * y).sum())
        return 0.5 * value, total, y

    @property
    def value(self) -> float:
        """Half the sum over rows of ln|Σ_oo| + r' W r: minus the log-likelihood up to a constant."""
        return self._turned[0]

    @property
    def slopes(self) -> tuple[Matrix, Matrix]:
        """Derivatives of `value` by Σ (symmetric) and by μ."""
        _, total, y = self._turned
        return 0.5 * (total - y.T @ y), -y.sum(axis=0)

    def _patterns(self) -> Iterator[tuple[_Block, Matrix]]:
        """Yield the blocks with W of each pattern."""
        for block in self.data.blocks:
            across, inner, _ = self.data._conditioned(block, self.K)  # noqa: SLF001
            W = self.K - np.matmul(across.transpose(0, 2, 1), np.matmul(inner, across))
            pattern = np.arange(len(block.missing))[:, None]
            W[pattern, block.missing] = 0
            W.transpose(0, 2, 1)[pattern, block.missing] = 0
            yield block, W

    def information(self, *, expected: bool = False) -> Matrix:
        """Return the second derivatives of `value` by means and upper triangle, observed or expected."""
        k = len(self.K)
        i, j = np.triu_indices(k)
        y = self._turned[2]
        twice, mixed = np.zeros((len(i), len(i))), np.zeros((len(i), len(i)))
        drift = np.zeros((k, len(i)))
        for block, W in self._patterns():
            weight = np.bincount(block.pattern, minlength=len(block.missing)).astype(np.float64)
            upper = W[:, i, j]
            twice += (upper * weight[:, None]).T @ upper
            if expected:
                continue
            rows = y[block.rows]
            products = np.zeros_like(upper)
            np.add.at(products, block.pattern, rows[:, i] * rows[:, j])
            mixed += upper.T @ products
            sums = np.zeros((len(weight), k))
            np.add.at(sums, block.pattern, rows)
            drift += sums.T @ upper
        at = np.empty((k, k), dtype=np.intp)
        at[i, j] = at[j, i] = np.arange(len(i))
        ones = np.where(i == j, 0.5, 1.0)

        def crossed(tensor: Matrix) -> Matrix:
            """Return Σ tr(A W B M) for all pairs of unit symmetric matrices, from Σ W ⊗ M."""
            a, b, c, d = i[:, None], j[:, None], i, j
            found = tensor[at[b, c], at[d, a]] + tensor[at[b, d], at[c, a]]
            found += tensor[at[a, c], at[d, b]] + tensor[at[a, d], at[c, b]]
            return np.asarray(found * np.outer(ones, ones))

        covariance = 0.5 * crossed(twice)
        size = k + len(i)
        full = np.zeros((size, size))
        full[:k, :k] = self._turned[1]
        if not expected:
            covariance = crossed(mixed) - covariance
            m = np.arange(k)[:, None]
            cross = (drift[i, at[j, m]] + drift[j, at[i, m]]) * ones
            full[:k, k:], full[k:, :k] = cross, cross.T
        full[k:, k:] = covariance
        return full

    def score_products(self, clusters: Matrix | None = None) -> Matrix:
        """Return the sum over rows (or clusters of rows) of s s', s the slopes of a row's log-likelihood."""
        k = len(self.K)
        i, j = np.triu_indices(k)
        ones = np.where(i == j, 0.5, 1.0)
        y = self._turned[2]
        size = k + len(i)
        total = np.zeros((size, size))
        parts = 0 if clusters is None else int(clusters.max()) + 1
        sums = np.zeros((parts, size))
        for block, W in self._patterns():
            upper = W[:, i, j] * ones
            for first in range(0, len(block.rows), _PATTERNS):
                at = slice(first, first + _PATTERNS)
                rows = y[block.rows[at]]
                products = rows[:, i] * rows[:, j] * ones - upper[block.pattern[at]]
                scores = np.concatenate([rows, products], axis=1)
                if clusters is None:
                    total += scores.T @ scores
                else:
                    np.add.at(sums, clusters[block.rows[at]].astype(np.intp), scores)
        return total if clusters is None else sums.T @ sums * parts / (parts - 1)
