"""What crosses a folder border or lies on disk: dataclasses, enums, Arrow and JSON schemas, member names."""
