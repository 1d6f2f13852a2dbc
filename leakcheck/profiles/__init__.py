"""Heap profiles that pprof opens: the numbered files, what is in them, and how they are shown.

profile     what a profile says, as values
rows        rows of the agent and of gperftools → samples
schema      the messages of profile.proto
encoding    a profile as gzipped profile.proto, every address named
recorder    collects what the processes of one call leave
files       `PREFIX.NNNN.pb.gz`: the next one, the newest one
sampletypes what two profiles have in common
pprof       command lines of pprof
"""
