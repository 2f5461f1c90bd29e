from controller.desk import desk

__all__ = ["desk"]
