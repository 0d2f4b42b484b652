// What handshakes of DTLS 1.2 cost OpenSSL itself, which node-datachannel has below it: both sides in one thread over BIOs in
// memory, X25519, AES-128-GCM, certificates on P-256 on both sides, as packages/dtls/bench/handshakes.ts has them.
//
//   cc -O2 -o /tmp/openssl-handshakes packages/dtls/bench/openssl-handshakes.c -lssl -lcrypto && taskset -c 1 /tmp/openssl-handshakes [ROUNDS]
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const int ROUND_HANDSHAKES = 200;

static void die(const char *what) {
  fprintf(stderr, "%s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/* As libdatachannel: whoever it is passes, and the fingerprint is compared afterwards. */
static int accept_any(int ok, X509_STORE_CTX *store) { (void)ok, (void)store; return 1; }

static SSL_CTX *context(const SSL_METHOD *method) {
  SSL_CTX *ctx = SSL_CTX_new(method);
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *x = X509_new();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
  X509_gmtime_adj(X509_getm_notBefore(x), -86400);
  X509_gmtime_adj(X509_getm_notAfter(x), 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"WebRTC", -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  X509_set_pubkey(x, key);
  if (!ctx || !key || !X509_sign(x, key, EVP_sha256())) die("identity");
  if (SSL_CTX_use_certificate(ctx, x) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1) die("identity");
  if (SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256") != 1) die("cipher");
  if (SSL_CTX_set1_groups_list(ctx, "X25519:P-256") != 1) die("groups");
  SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
  return ctx;
}

static void handshake(SSL_CTX *of_client, SSL_CTX *of_server) {
  SSL *client = SSL_new(of_client), *server = SSL_new(of_server);
  BIO *there = BIO_new(BIO_s_mem()), *back = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(there, -1);
  BIO_set_mem_eof_return(back, -1);
  BIO_up_ref(there);
  BIO_up_ref(back);
  SSL_set_bio(client, back, there);
  SSL_set_bio(server, there, back);
  SSL_set_mtu(client, 1200);
  SSL_set_mtu(server, 1200);
  SSL_set_connect_state(client);
  SSL_set_accept_state(server);
  for (int turn = 0; !SSL_is_init_finished(client) || !SSL_is_init_finished(server); turn++) {
    SSL_do_handshake(client);
    SSL_do_handshake(server);
    if (turn > 20) die("no handshake");
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length;
  X509 *a = SSL_get1_peer_certificate(client), *b = SSL_get1_peer_certificate(server);
  if (!a || !b || !X509_digest(a, EVP_sha256(), digest, &length) || !X509_digest(b, EVP_sha256(), digest, &length))
    die("peer");
  X509_free(a);
  X509_free(b);
  SSL_free(client);
  SSL_free(server);
}

int main(int count, char **arguments) {
  int rounds = count > 1 ? atoi(arguments[1]) : 15;
  SSL_CTX *client = context(DTLS_client_method()), *server = context(DTLS_server_method());
  printf("%s, CPU us a handshake, both sides:", OpenSSL_version(OPENSSL_VERSION));
  for (int round = -2; round < rounds; round++) {
    double before = cpu();
    for (int i = 0; i < ROUND_HANDSHAKES; i++) handshake(client, server);
    if (round >= 0) printf(" %.0f", (cpu() - before) / ROUND_HANDSHAKES);
  }
  printf("\n");
  return 0;
}
