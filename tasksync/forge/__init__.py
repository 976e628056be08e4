"""The forges that pull requests live on: GitHub, GitLab, Gitea (and Forgejo)."""
