"""The ways by which customers reach people; agreed ones are named by each policy version."""

WAYS = ("phone", "email", "chat", "meeting", "hallway")


def way_words(arrived_by: str) -> str:
    return arrived_by.replace("_", " ").replace("-", " ")
