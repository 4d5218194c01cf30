"""mashbill: augments text corpora, labels them softly with a teacher, and distils students."""
