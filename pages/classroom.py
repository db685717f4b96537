"""The class, for its teacher: who is where, the worst question first, what was learnt."""

from explorer.lessons import class_page

class_page.draw()
