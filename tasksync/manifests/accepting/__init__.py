"""Values of the portal taken over into the files of a manifest, each where it is written."""
