"""The products of chorus-icecat in the fields of the shop."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

from nuthatch import Document


def read_icecat(path: str) -> Iterator[Document]:
    """Yield the products of a file in JSON Lines, gzip."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            product, more = row["metadata"], row["metadata"]["attributes"]
            colours = more.get("t_product_colour", "").lower().split(",")
            fields = {
                "sku": product["name"].upper(),
                "brand": product["brand"],
                "category": product["product_type"] or more.get("t_product_type"),
                "colour": [colour for colour in colours if colour],
                "price": product["price"] / 100,
                "released": product["date_released"],
                "in_stock": True,
            }
            yield Document(f"product/{row['_id']}", row["title"], row["text"], fields)
