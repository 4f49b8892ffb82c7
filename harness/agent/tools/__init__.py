"""What the model may do: each tool is an input, a description and one command to the sidecar.

toolbox   finds the tool, reads its input, turns every fault into a result that says what is right
tool      the shape of a tool
authoring, operating, world, memory, person   the tools
views     what the commands answer, as JSON
show_skill, show_run, show_step, show_why   the answers in words, bounded
"""
