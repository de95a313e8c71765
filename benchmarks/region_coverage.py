"""Coverage of the joint 95 % confidence regions by simulation; writes docs/coverage_regions.md.

Tables as in ``interval_coverage.py``, scenarios with typical arms. A table whose ladder leaves the
bivariate model has no region and is not counted.

    python benchmarks/region_coverage.py --tables 1000
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from interval_coverage import Scenario, draw, scenarios
from joblib import Parallel, delayed
from scipy.special import logit

from metadx import BivariateModel
from metadx.models.corrected_region import corrected_region
from metadx.sroc import radius

NAMES = ("typical_k5", "small_k6", "typical_k10", "typical_k20")
REGIONS = ("exact, chi2", "exact, F", "REML, chi2", "REML, F", "Ito & Sugasawa")


def one_table(scenario: Scenario, seed: int) -> dict[str, bool] | None:
    """Say which regions of one table hold the truth."""
    warnings.simplefilter("ignore")
    model = BivariateModel(draw(scenario, np.random.default_rng([2026, seed])))
    truth = logit([scenario.sensitivity, scenario.specificity])
    found: dict[str, bool] = {}
    for name, method in (("exact", "exact"), ("REML", "reml")):
        fit = model.fit(method)
        corrected = corrected_region(fit)
        if fit.model_path != "bivariate" or not fit.point or not corrected:
            return None
        distance = _distance(truth - fit.mean_logit, fit.mean_logit_cov)
        for kind, label in (("chi2", "chi2"), ("f", "F")):
            found[f"{name}, {label}"] = distance < radius(fit.k, 0.95, kind)
        away = _distance(truth - corrected.centre, corrected.cov)
        found["Ito & Sugasawa"] = away < corrected.radius
    return found


def _distance(away: np.ndarray, cov: np.ndarray) -> float:
    return float(np.sqrt(away @ np.linalg.solve(cov, away)))


def main() -> None:
    """Run the scenarios and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/coverage_regions.md"))
    options = parser.parse_args()
    lines = []
    for scenario in scenarios():
        if scenario.name not in NAMES:
            continue
        found = Parallel(options.jobs)(
            delayed(one_table)(scenario, seed) for seed in range(options.tables)
        )
        rows = pd.DataFrame([row for row in found if row is not None]).astype(float)
        cells = [scenario.name, str(len(rows))]
        for region in REGIONS:
            share = rows[region].mean()
            error = np.sqrt(share * (1 - share) / len(rows))
            cells.append(f"{100 * share:.1f} ({100 * error:.1f})")
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    columns = ("scenario", "tables", *REGIONS)
    options.out.write_text(
        "# Coverage of the joint 95 % confidence regions\n\n"
        f"Written by `python benchmarks/region_coverage.py --tables {options.tables}`. Coverage "
        "in per cent with its Monte-Carlo standard error in brackets: `chi2` and `F` are the "
        "radii of `confidence_region` about the exact maximum-likelihood and the REML point, "
        "`Ito & Sugasawa` the region of `radius=\"ito_sugasawa\"`.\n\n"
        "| " + " | ".join(columns) + " |\n|" + "---|" * len(columns) + "\n"
        + "\n".join(lines) + "\n",
        encoding="utf-8",
    )  # fmt: skip


if __name__ == "__main__":
    main()
