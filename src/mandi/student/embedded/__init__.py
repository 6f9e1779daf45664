"""The embedded student: classifiers of texts, and accepted answers whose figures are filled in anew."""
