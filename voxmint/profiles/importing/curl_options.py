"""curl's options, as far as a request is told from them: which take a value, and which do not.

Source: curl's manual page. What is not listed is taken for an option without a value, and said.
"""

DATA = frozenset(("data", "data-ascii", "data-binary", "data-raw", "json"))
"""What gives the body."""

NOT_JSON = frozenset(("data-urlencode", "form", "form-string", "upload-file"))
"""What gives a body of another kind, or none."""

ELSEWHERE = frozenset(("config", "variable"))
"""What reads further options from elsewhere."""

WITH_USER = frozenset(("proxy-user", "user"))
"""What is a user's name and password, with a colon between them."""

WITH_SECRET = frozenset("cookie oauth2-bearer pass proxy-pass tlspassword tlsuser".split())
"""What else is a key or password, or holds one."""

QUERY = "url-query"
"""What goes behind the address, as `NAME=VALUE`."""

WITH_ADDRESS = frozenset(("doh-url", "preproxy", "proxy", "proxy1.0", "referer"))
"""What is a URL, besides the one that is asked."""

SHORT = {
    "A": "user-agent", "b": "cookie", "c": "cookie-jar", "C": "continue-at", "d": "data",
    "D": "dump-header", "e": "referer", "E": "cert", "F": "form", "H": "header", "h": "help",
    "K": "config", "m": "max-time", "o": "output", "P": "ftp-port", "Q": "quote", "r": "range",
    "t": "telnet-option", "T": "upload-file", "u": "user", "U": "proxy-user", "w": "write-out",
    "x": "proxy", "X": "request", "y": "speed-time", "Y": "speed-limit", "z": "time-cond",
    "G": "get", ":": "next",
}  # fmt: skip
"""The long names of the short options that take a value or matter."""

WITH_VALUE = (
    frozenset(
        """
    abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers connect-timeout
    connect-to continue-at cookie-jar create-file-mode crlfile curves delegation dns-interface
    dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech engine etag-compare etag-save
    expect100-timeout ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode
    happy-eyeballs-timeout-ms haproxy-clientip header help hostpubmd5 hostpubsha256 hsts interface
    ip-tos ipfs-gateway keepalive-cnt keepalive-time key key-type krb libcurl limit-rate
    local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time
    netrc-file noproxy output output-dir parallel-max pinnedpubkey preproxy proto proto-default
    proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-ciphers proxy-crlfile
    proxy-header proxy-key proxy-key-type proxy-pinnedpubkey proxy-service-name
    proxy-tls13-ciphers proxy1.0 pubkey quote random-file range rate referer request
    request-target resolve retry retry-delay retry-max-time sasl-authzid service-name socks4
    socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time stderr
    telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype trace trace-ascii
    trace-config unix-socket url url-query user-agent vlan-priority write-out
    """.split()
    )
    | DATA
    | NOT_JSON
    | ELSEWHERE
    | WITH_SECRET
    | WITH_USER
    | WITH_ADDRESS
)

FLAGS = frozenset(
    """
    anyauth append basic ca-native cert-status compressed compressed-ssh create-dirs crlf digest
    disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure fail
    fail-early fail-with-body false-start get globoff haproxy-protocol head http0.9 http1.0
    http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length include insecure
    ipv4 ipv6 junk-session-cookies list-only location location-trusted metalink negotiate netrc
    netrc-optional next no-alpn no-buffer no-clobber no-keepalive no-npn no-progress-meter
    no-sessionid ntlm parallel parallel-immediate path-as-is post301 post302 post303 progress-bar
    proxy-anyauth proxy-basic proxy-digest proxy-insecure proxytunnel raw remote-header-name
    remote-name remote-name-all remote-time remove-on-error retry-all-errors retry-connrefused
    show-error show-headers silent skip-existing ssl ssl-reqd sslv2 sslv3 styled-output
    suppress-connect-headers tcp-fastopen tcp-nodelay tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3
    tr-encoding trace-ids trace-time use-ascii verbose version xattr
    """.split()
)
SHORT_FLAGS = frozenset("0123469aBfgGiIjJkKlLMnNOpqRsSvVZ#")
