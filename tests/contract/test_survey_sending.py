"""Sending: once, whatever the network does; nothing unseen; and what a receipt can do."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, select
from starlette.testclient import TestClient

from app import waves
from app.db import is_sqlite, read, write
from app.service import Service, now
from app.tables import Code, Draft, Response, Session, SubmitKey, table
from tests.contract.test_survey_road import at_check, enter, fill, rows
from tests.support import Form, Screen, respond
