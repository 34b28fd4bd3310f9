"""Written for other programs: verdict.json, JUnit, OpenMetrics, CSV."""
