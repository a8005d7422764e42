/**
 * A self-made certificate for `localhost` and 127.0.0.1, valid until 2120: push gateways speak TLS, and so do the ones
 * that stand in for them. Its key protects nothing.
 */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOFKff9fbAWS3Fzk
M9NwnXTCth43B0scZx1HfxKHAnufDkAlj41oVpnJPudo3VVKYLuESbvd4HlQn+zd
/L28uaWjTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBT28buRtPWWcdWjQNvZZqDlixncrDAKBggqhkjOPQQD
AgNJADBGAiEAw8KZhqBNL81QrCLCzpV9aSSyhbbZV6lclLZKWQiyhxwCIQCEbf2M
QteHnzvVWlMNUhL4dRmP1LsHzQEGdqYKD11cJw==
-----END CERTIFICATE-----
`;

export const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpRNn/SKJKCpctTZp
HP7segQLPyuxzQu5qd+3Uq50wUGhRANCAAThSn3/X2wFktxc5DPTcJ10wrYeNwdL
HGcdR38ShwJ7nw5AJY+NaFaZyT7naN1VSmC7hEm73eB5UJ/s3fy9vLml
-----END PRIVATE KEY-----
`;
