"""Answers SQL over files with DuckDB, so that tests compare the product with an engine that shares no code with it.

Reads one JSON object from stdin:
    {"files": {"table": "/path/or/glob.csv" | {"path": "...", "format": "csv|parquet|json", "types": {"column": "DECIMAL(9,2)"}}},
     "sql": ["SELECT ...", ...]}
Writes one JSON object to stdout:
    {"results": [{"columns": [...], "types": [...], "rows": [[text or null, ...], ...]} | {"error": "..."}, ...]}
Every value is text (NULL is null): integers and decimals exactly as DuckDB prints them, dates and times in ISO 8601,
binary in hexadecimal. Folders named key=value become columns. The exit code is 1 when the request itself is wrong.
"""

import datetime
import json
import sys

import duckdb

READERS = {"csv": "read_csv", "parquet": "read_parquet", "json": "read_json"}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def format_of(path: str) -> str:
    name = path.lower().removesuffix(".gz")
    for ending, kind in ((".csv", "csv"), (".parquet", "parquet"), (".json", "json"), (".jsonl", "json")):
        if name.endswith(ending):
            return kind
    raise ValueError(f"cannot tell the format of {path}")


def reader_call(spec: dict) -> str:
    kind = spec.get("format") or format_of(spec["path"])
    options = ["hive_partitioning = true"]
    if kind == "csv":
        # The whole file is sampled: a type guessed from the first rows would not be an oracle.
        options += ["header = true", "sample_size = -1"]
        if spec.get("types"):
            pairs = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in spec["types"].items())
            options.append(f"types = {{{pairs}}}")
    return f"{READERS[kind]}({quoted(spec['path'])}, {', '.join(options)})"


def as_text(value: object) -> object:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return str(value)


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> dict:
    try:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        types = [str(column[1]) for column in cursor.description]
        return {"columns": names, "types": types, "rows": [[as_text(v) for v in row] for row in cursor.fetchall()]}
    except duckdb.Error as error:
        return {"error": str(error)}


def main() -> int:
    request = json.load(sys.stdin)
    connection = duckdb.connect(":memory:", config={"threads": "1"})
    connection.execute("SET TimeZone = 'UTC'")
    for table, spec in request["files"].items():
        spec = {"path": spec} if isinstance(spec, str) else spec
        connection.execute(f"CREATE VIEW {identifier(table)} AS SELECT * FROM {reader_call(spec)}")
    json.dump({"results": [answer(connection, sql) for sql in request["sql"]]}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
