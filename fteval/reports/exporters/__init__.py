"""Other tools that a result is handed on to with `-o NAME:PLACE`: each file here knows one."""
