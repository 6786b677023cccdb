"""What a bundle says in vain, by proof: rules that never apply, conditions and parameters that change no decision.

What a suite has shown needs no proof: a rule that decided can, and a parameter that moved a decision does. Only of the
rest is the symbolic reader asked. Tables are also looked at for rows that apply together.
"""
