"""HTTP: requests in, answers out, in the forms that the vendor documents."""
