"""The chapters of the story, one a module. Each has `tell(stage, telling)`, which raises NotAsTold.

What a chapter says of the product it has read from the product; what it says of the shop, from the shop's book.
"""
