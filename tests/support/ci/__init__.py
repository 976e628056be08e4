"""What GitHub's and GitLab's runners do with our files, as far as these files ask for it.

Every line of shell is run as it stands, by bash as the vendor's runner calls it, in a clone of a
real repository. Whatever of the vendor's languages is not known here is an error, never left out.
"""
