"""Sends the events of one run with OpenLineage's own client, which takes its settings from the environment."""

from datetime import datetime, timezone

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    job_type_job,
    output_statistics_output_dataset,
    ownership_job,
    schema_dataset,
)

RUN = "0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e"
JOB = Job(
    "nightly",
    "load people",
    facets={
        "jobType": job_type_job.JobTypeJobFacet("BATCH", "PYTHON", "SCRIPT"),
        "ownership": ownership_job.OwnershipJobFacet([ownership_job.Owner("team:data", "MAINTAINER")]),
    },
)
FIELDS = [schema_dataset.SchemaDatasetFacetFields("full_name", "string")]
SOURCE = InputDataset("kafka://broker:9092", "people", facets={"schema": schema_dataset.SchemaDatasetFacet(FIELDS)})
FROM = column_lineage_dataset.InputField(
    "kafka://broker:9092",
    "people",
    "full_name",
    [column_lineage_dataset.Transformation("DIRECT", "TRANSFORMATION", "trim(full_name)", False)],
)
TARGET = OutputDataset(
    "lakegate",
    "audited_pub.people",
    facets={
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet({"name": column_lineage_dataset.Fields([FROM])})
    },
    outputFacets={"outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=2)},
)


def event(state: RunState, minute: int) -> RunEvent:
    at = datetime(2026, 5, 3, 10, minute, tzinfo=timezone.utc).isoformat()
    return RunEvent(
        eventTime=at,
        eventType=state,
        producer="https://example.org/loader",
        run=Run(RUN),
        job=JOB,
        inputs=[SOURCE],
        outputs=[TARGET],
    )


client = OpenLineageClient()
client.emit(event(RunState.START, 0))
client.emit(event(RunState.COMPLETE, 5))
