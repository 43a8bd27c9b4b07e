"""The files of an export, written into a folder from the command line; every taking out is written down."""

from pathlib import Path

from app.db import read
from app.export.formats import FILES
from app.export.microdata import microdata
from app.export.pages import codebook_page
from app.export.trail import note_taken
from app.files.private import private_folder, write_private
from app.runtime import Service
from app.templating import render


def write_bundle(
    service: Service, wave: str, folder: Path, *, with_unit: bool = False, archive: bool = False
) -> list[Path]:
    """Write the rows and their codebook; everything is made before the first file is opened."""
    with read(service.engine) as db:
        data = microdata(service, db, wave, with_unit=with_unit, archive=archive)
    contents = {name: make(data) for name, make in FILES.items()}
    contents["codebook.html"] = render(codebook_page(data, alone=True)).encode()
    note_taken(service, wave)
    private_folder(folder)
    paths = []
    for name, content in contents.items():
        path = folder / f"{wave}_{name}"
        write_private(path, content)
        paths.append(path)
    return paths
