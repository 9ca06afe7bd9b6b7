"""What Lighthouse says of the post, the hosted form, and another site's page with the form in it: median of ROUNDS."""

import sys
from statistics import median

from bench import crowd, lighthouse, web
from bench.rig import Rig
from bench.table import Row
from bench.wish import Wish

ROUNDS = 3
LIMIT = "95"
FORM = "bench-1"
CODE = '<script async src="{base}/embed.js" data-form="{form}" data-look="inline"></script>'


def measure(rig: Rig, wish: Wish) -> list[Row]:
    if not lighthouse.is_possible():
        print(lighthouse.HOW_TO_INSTALL, file=sys.stderr)
        return []
    lighthouse.install()
    crowd.forms(rig.database, 1)
    base = rig.environ["BASE_URL"]
    with (
        lighthouse.host_page(CODE.format(base=base, form=FORM)) as blog,
        web.served(rig, SITES=blog.rstrip("/"), TRUSTED_PROXIES="0"),
    ):
        pages = {"post": (f"{base}/", "/posts/"), "form": (f"{base}/f/{FORM}", FORM), "embed": (blog, f"{FORM}/embed")}
        return [row for name, (url, loads) in pages.items() for row in _judged(rig, wish, name, url, loads)]


def _judged(rig: Rig, wish: Wish, name: str, url: str, loads: str) -> list[Row]:
    found = [lighthouse.judged(url, rig.folder / "lighthouse.json", loads) for _ in range(min(ROUNDS, wish.rounds))]
    rows = []
    for category in lighthouse.CATEGORIES:
        scores = [round(score[category]) for score, _ in found]
        rows.append(Row(f"lighthouse-{name}-{category}", f"{name}: {category}", "of 100", [float(median(scores))],
                        limit=LIMIT if name == "post" else ""))  # fmt: skip
    short = sorted({said for _, words in found for said in words})
    rows[0].notes += [f"not perfect in one of {len(found)} runs: {'; '.join(short)}"] if short else []
    return rows
