"""A certificate that stands for those which only the machine of the real Envoy has. Its key was never kept."""

from __future__ import annotations

AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBeDCCAR2gAwIBAgIUdDMWXr3diA7ihnqWSwYvcdjWQZUwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFanVkZ2UwIBcNMjYxMTI5MjM0MzM4WhgPMjEyNjExMDUyMzQz
MzhaMBAxDjAMBgNVBAMMBWp1ZGdlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
Mvh1KXoFxlCuYNKpcLfpyIOxlP5NmBMb+j8KGDpFIz0waaKzeJeDJ4yd4dU3PLCg
MU2iSXSBeQHmbeas+lu1hqNTMFEwHQYDVR0OBBYEFKl3wdJzAlgw7Y736wtECAsF
n/1NMB8GA1UdIwQYMBaAFKl3wdJzAlgw7Y736wtECAsFn/1NMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAJxI5r/3yrNzuTDJCcbgZXX3XPOpk48h
Paww83aNKW/9AiEAlLXzfjGZY6jfOMeSzPrYd5KVZtoHE6F7afIBmOxXAvQ=
-----END CERTIFICATE-----
"""
