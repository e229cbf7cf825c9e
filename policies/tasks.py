from common.jobs import daily, scheduled_job


@scheduled_job("policies.measure_promises", daily(5, 0))  # what goes by night has gone by then
def measure_promises() -> None:
    """Store what each control answers today; a second run replaces the first's answers."""
    from policies import promises

    promises.record_results()
