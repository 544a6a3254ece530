"""Adds the address of the repository to the wheel's metadata, where one is set; everything else stands in setup.cfg."""

from runpy import run_path

from setuptools import setup

REPOSITORY = run_path("features/version.py")["REPOSITORY"]

setup(project_urls={"Repository": REPOSITORY} if REPOSITORY else {})
