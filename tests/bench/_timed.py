"""What `psychometrics` times: every figure, ours and the peers', with its limit and quoted times."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

K, FACETS = 30, 6
ITEMS = [f"item{i}" for i in range(K)]
SIZES = (300, 3000, 100_000)
MILLION = 1_000_000


@dataclass(frozen=True)
class Line:
    """What is timed: `make` returns the work, ready to be called; limits and quoted times in milliseconds."""

    row: str
    n: int
    make: Callable[[int], Callable[[], object]]
    tool: str = "ours"
    repeats: int = 9
    per: int = 1  # the time is divided by this number
    bar: float | None = None
    megabytes: float | None = None
    threads: int | None = None
    quoted: dict[str, float] = field(default_factory=dict)


def codes(n: int) -> np.ndarray:
    """SIMULATED answers of six facets of one general factor; beyond a million the same ones again."""
    made = Path(os.environ["BENCH_FOLDER"]) / f"{n}.npy"
    return np.load(made) if made.exists() else simulated(n)


def simulated(n: int) -> np.ndarray:
    from analysis.simulation import higher_order, simulate

    loadings, phi = higher_order([0.8] * FACETS, np.repeat(np.arange(FACETS), K // FACETS), 0.7)
    rng = np.random.default_rng(1)
    drawn = simulate(min(n, MILLION), loadings, [-1.2, -0.4, 0.4, 1.2], rng, phi=phi).astype(np.int8)
    return drawn if n <= MILLION else np.tile(drawn, (-(-n // MILLION), 1))[:n]


def answers(n: int) -> np.ndarray:
    return codes(n).astype(float)


def alpha(n: int) -> Callable[[], object]:
    from analysis import cronbach_alpha, item_statistics

    X = answers(n)
    return lambda: (cronbach_alpha(X), item_statistics(X))


def alpha_pingouin(n: int) -> Callable[[], object]:
    import pandas as pd
    import pingouin

    frame = pd.DataFrame(answers(n))
    parts = [frame, *(frame.drop(columns=item) for item in frame)]
    return lambda: [pingouin.cronbach_alpha(part) for part in parts]


def resampled_alpha_numpy(n: int) -> Callable[[], object]:
    X, rng = answers(n), np.random.default_rng(2)

    def once() -> float:
        rows = X[rng.integers(0, n, n)]
        return K / (K - 1) * (1 - rows.var(axis=0, ddof=1).sum() / rows.sum(axis=1).var(ddof=1))

    return lambda: np.quantile([once() for _ in range(10_000)], [0.025, 0.975])


def parallel_numpy(n: int) -> Callable[[], object]:
    X, rng = answers(n), np.random.default_rng(2)

    def drawn() -> np.ndarray:
        return np.linalg.eigvalsh(np.corrcoef(rng.standard_normal((n, K)), rowvar=False))

    return lambda: (np.corrcoef(X, rowvar=False), [drawn() for _ in range(100)])


def of_correlations(
    name: str, *arguments: object, **options: object
) -> Callable[[int], Callable[[], object]]:
    """Return what makes the work of a function of a correlation matrix."""

    def make(n: int) -> Callable[[], object]:
        import analysis

        R = np.corrcoef(answers(n), rowvar=False)
        return lambda: getattr(analysis, name)(R, *arguments, n=n, **options)

    return make


def of_answers(name: str, items: int = K, **options: object) -> Callable[[int], Callable[[], object]]:
    """Return what makes the work of a function of the answers."""

    def make(n: int) -> Callable[[], object]:
        import analysis

        X = answers(n)[:, :items]
        return lambda: getattr(analysis, name)(X, **options)

    return make


def ratings(n: int) -> np.ndarray:
    """SIMULATED ratings by four raters."""
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, 1)) + rng.normal(size=(n, 4))


def icc(n: int) -> Callable[[], object]:
    from analysis import intraclass_correlation

    X = ratings(n)
    return lambda: intraclass_correlation(X)


def icc_pingouin(n: int) -> Callable[[], object]:
    import pandas as pd
    import pingouin

    long = pd.DataFrame(
        {"p": np.repeat(np.arange(n), 4), "r": np.tile(np.arange(4), n), "s": ratings(n).ravel()}
    )
    return lambda: pingouin.intraclass_corr(long, targets="p", raters="r", ratings="s")


def careless(n: int) -> Callable[[], object]:
    from analysis import careless_indices

    X, seconds = answers(n), np.full(n, 4.0)
    scales = [K // FACETS] * FACETS
    return lambda: careless_indices(X, scales=scales, seconds=seconds, synonym_r=0.4, antonym_r=-0.01)


def counts(n: int) -> Callable[[], object]:
    from analysis import joint_counts

    X = codes(n)
    return lambda: joint_counts(X)


def counts_numpy(n: int) -> Callable[[], object]:
    X = codes(n)

    def one_hot() -> np.ndarray:
        total = np.zeros((K * 5, K * 5))
        for start in range(0, n, 65_536):
            block = X[start : start + 65_536]
            hot = (block[:, :, None] == np.arange(5, dtype=np.int8)).reshape(len(block), -1)
            hot = hot.astype(np.float32)
            total += hot.T @ hot
        return total

    return one_hot


def alpha_of_file(n: int) -> Callable[[], object]:
    from analysis import cronbach_alpha, file_moments

    file = Path(os.environ["BENCH_FOLDER"]) / f"{n}.parquet"
    return lambda: cronbach_alpha(file_moments(file, ITEMS))


def write_parquet(file: Path, n: int) -> None:
    """Write SIMULATED answers as bytes, a million to a row group."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetWriter(file, pa.schema([(name, pa.int8()) for name in ITEMS])) as writer:
        drawn = codes(min(n, MILLION))
        for start in range(0, n, MILLION):
            part = drawn[: n - start]
            writer.write_table(pa.table({name: part[:, i] for i, name in enumerate(ITEMS)}))


def write_array(file: Path, n: int) -> None:
    """Write answers for another process, so that its memory does not include making them."""
    np.save(file, simulated(n))


def write_csv(file: Path, n: int) -> None:
    """Write SIMULATED answers to form A of the PPIQ."""
    from instrument import ppiq

    form, drawn = ppiq().forms["a"], codes(n)
    facets = list(dict.fromkeys(item.id[:2] for item in form.items))
    places = [facets.index(item.id[:2]) * 5 + int(item.id[2:]) - 1 for item in form.items]
    turned = ppiq().key.reversed_items("a")
    columns = [
        4 - drawn[:, j] if i.id in turned else drawn[:, j] for i, j in zip(form.items, places, strict=True)
    ]
    rows = np.column_stack([*columns, np.ones(n, np.int8)])
    names = ",".join([*(item.id for item in form.items), "simulated"])
    np.savetxt(file, rows, fmt="%d", delimiter=",", header=names, comments="")


def report(n: int) -> Callable[[], object]:
    """What `python -m analysis report` does after its imports, in all three formats."""
    from analysis.report.build import run
    from analysis.report.fitted import read_dataset
    from analysis.report.render import RENDERERS
    from instrument import ppiq

    file = Path(os.environ["BENCH_FOLDER"]) / f"{n}.csv"

    def whole() -> list[str]:
        study = run(read_dataset(file, ppiq()))
        return [render(study) for render in RENDERERS.values()]

    return whole


def lines(rows: int) -> list[Line]:
    def sizes(row: str, work: Callable, tool: str = "ours", bar: float | None = None, **more) -> list[Line]:
        quoted = more.pop("quoted", {})
        limit = more.pop("megabytes", {})
        bars = {3000: bar, **more.pop("bars", {})}
        return [
            Line(
                row, n, work, tool, bar=bars.get(n), megabytes=limit.get(n), quoted=quoted.get(n, {}), **more
            )
            for n in more.pop("at", SIZES)
        ]

    r1, r2 = "alpha with interval, if dropped, item statistics", "bootstrap of alpha, 10,000 resamples"
    r3, r4, r5 = "bootstrap of omega, one resample", "polychoric matrix", "polychoric with covariance"
    r6, r7 = "parallel analysis, 100 draws, Pearson", "parallel analysis, 100 draws, polychoric"
    r8, r9 = "Mokken H with standard errors", "ICC, six forms, 4 raters"
    psych_icc = {300: {"psych": 24.0}, 3000: {"psych": 32_000.0}}
    return [
        *sizes(r1, alpha, bar=1, repeats=25, quoted=_quoted("psych", 24, 57, 2700)),
        *sizes(r1, alpha_pingouin, "pingouin", repeats=3),
        *_resampling(r2, r3),
        *sizes(r4, of_answers("polychoric", se=False), bar=25, quoted=_quoted("lavaan", 415, 503, 7300)),
        *sizes(
            r5,
            of_answers("polychoric", acov=True),
            bar=75,
            bars={100_000: 1000},
            megabytes={100_000: 300},
            quoted=_quoted("lavaan", 653, 1520, 30_600),
        ),
        *sizes(r6, of_answers("parallel_analysis"), bar=30, quoted=_quoted("EFAtools", 46, 301, 9600)),
        *sizes(r6, parallel_numpy, "NumPy loop", repeats=2),
        *sizes(r7, of_answers("parallel_analysis", correlation="polychoric"), bar=3000, repeats=2,
               quoted={3000: {"psych": 137_000.0}}),
        *sizes("EFA minres and oblimin, 6 factors, from R", of_correlations("factor_analysis", FACETS), bar=8,
               repeats=25,
               quoted=_quoted("EFAtools", 10, 8, 8)),
        *sizes(r8, of_answers("mokken_scalability"), bar=150,
               quoted={300: {"mokken": 795.0}, 3000: {"mokken": 3760.0}}),
        *sizes(r9, icc, bar=1, repeats=25, quoted=psych_icc),
        *sizes(r9, icc_pingouin, "pingouin", repeats=3),
        *sizes("all careless indices", careless, bars={100_000: 500}, repeats=3,
               quoted={100_000: {"careless": 95_000.0}}),
        Line("joint counts from an array", MILLION, counts, repeats=3),
        Line("joint counts from an array", MILLION, counts_numpy, "one-hot product", repeats=1),
        Line("joint counts from an array", rows, counts, repeats=3, bar=2000, megabytes=600,
             quoted={"one-hot product": 17_000.0}),
        Line("alpha from Parquet", rows, alpha_of_file, repeats=3, bar=300, megabytes=500,
             quoted={"polars scan": 315.0, "pingouin": 2260.0}),
        Line("the whole report, file to page", 3000, report, repeats=1, bar=6000, megabytes=500, threads=1),
        Line("the whole report, file to page", 100_000, report, repeats=1, bar=15_000, megabytes=500,
             threads=1),
        *_without_a_bar(),
    ]  # fmt: skip


def _without_a_bar() -> list[Line]:
    efa = {
        f"EFA {method} and {rotation}": of_correlations(
            "factor_analysis", FACETS, method=method, rotation=rotation
        )
        for method, rotation in (("ml", "varimax"), ("minres", "promax"), ("minres", "geomin"))
    }
    rest = {
        "KMO, from rows": of_answers("kmo"),
        "Bartlett, from rows": of_answers("bartlett"),
        "MAP, from R": of_correlations("minimum_average_partial"),
        "parallel analysis, 100 draws, of factors": of_answers("parallel_analysis", basis="factors"),
        "parallel analysis, 100 draws, permuted": of_answers("parallel_analysis", chance="permuted"),
        **efa,
        "omega hierarchical, 6 groups, from R": of_correlations("omega_hierarchical", FACETS),
        "polychoric matrix with standard errors": of_answers("polychoric"),
        "polychoric matrix, thresholds and r together": of_answers("polychoric", method="joint"),
        "categorical omega": of_answers("categorical_omega"),
        "categorical omega, 5 items, 2,000 resamples": of_answers(
            "categorical_omega", items=5, interval="percentile", resamples=2000
        ),
    }
    quoted = {
        "MAP, from R": {"psych": 136.0},
        "parallel analysis, 100 draws, of factors": {"psych": 2500.0},
        "omega hierarchical, 6 groups, from R": {"psych": 37.0},
        "polychoric matrix, thresholds and r together": {"polycor": 8400.0},
        "categorical omega, 5 items, 2,000 resamples": {"MBESS": 2000 * 670.0},
    }
    return [Line(row, 3000, make, repeats=3, quoted=quoted.get(row, {})) for row, make in rest.items()]


def _resampling(of_alpha: str, of_omega: str) -> list[Line]:
    boot = {300: {"boot": 2180.0}, 3000: {"boot": 20_700.0}}
    ours_alpha = of_answers("cronbach_alpha", interval="bca", resamples=10_000)
    ours_omega = of_answers("mcdonald_omega", interval="bca", resamples=2000)
    return [
        Line(of_alpha, 300, ours_alpha, repeats=3, quoted=boot[300]),
        Line(of_alpha, 3000, ours_alpha, repeats=3, bar=500, quoted=boot[3000]),
        Line(of_alpha, 100_000, ours_alpha, repeats=1),
        Line(of_alpha, 300, resampled_alpha_numpy, "NumPy loop", repeats=1),
        Line(of_alpha, 3000, resampled_alpha_numpy, "NumPy loop", repeats=1),
        Line(of_omega, 300, ours_omega, repeats=2, per=2000, quoted={"MBESS": 450.0}),
        Line(of_omega, 3000, ours_omega, repeats=2, per=2000, bar=670 / 400, quoted={"MBESS": 670.0}),
        Line(of_omega, 100_000, ours_omega, repeats=1, per=2000),
    ]


def _quoted(tool: str, *times: float) -> dict[int, dict[str, float]]:
    return {n: {tool: float(ms)} for n, ms in zip(SIZES, times, strict=True)}
