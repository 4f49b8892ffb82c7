"""The agent: answers one message by calling the model, and carries out the commands that the model asks for.

    message ─► recall ─► prompt ─► ┌ model ─► tools ┐ ─► remember ─► reply
                                   └────────◄───────┘

It is a run like any other, in a worker without network or files: recalling, each model call, each tool call and
remembering are steps in the journal. After a crash the run goes on from there, and pays and writes nothing twice.
"""
