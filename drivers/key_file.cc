// SPDX-License-Identifier: Apache-2.0
#include "drivers/key_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "drivers/ssh_wire.h"

namespace arcform {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

constexpr std::size_t kKeyFileMax = 64 * 1024;
constexpr std::string_view kMagic{"openssh-key-v1\0", 15};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

/// d mod (prime - 1): with it a signature costs a quarter.
Number exponent_for(const BIGNUM* d, const BIGNUM* prime, BN_CTX* context) {
  Number less(BN_dup(prime));
  Number exponent(BN_secure_new());
  BN_sub_word(less.get(), 1);
  BN_mod(exponent.get(), d, less.get(), context);
  return exponent;
}

Key make_rsa(std::string_view n, std::string_view e, std::string_view d, std::string_view iqmp,
             std::string_view p, std::string_view q) {
  const std::unique_ptr<BN_CTX, Freed<BN_CTX_free>> context(BN_CTX_new());
  const std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>> build(OSSL_PARAM_BLD_new());
  const Number numbers[] = {number_of(n), number_of(e), number_of(d),
                            number_of(p), number_of(q), number_of(iqmp)};
  const Number dp = exponent_for(numbers[2].get(), numbers[3].get(), context.get());
  const Number dq = exponent_for(numbers[2].get(), numbers[4].get(), context.get());
  const std::pair<const char*, const BIGNUM*> fields[] = {
      {OSSL_PKEY_PARAM_RSA_N, numbers[0].get()},
      {OSSL_PKEY_PARAM_RSA_E, numbers[1].get()},
      {OSSL_PKEY_PARAM_RSA_D, numbers[2].get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR1, numbers[3].get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, numbers[4].get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT1, dp.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, dq.get()},
      {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers[5].get()}};
  for (const auto& [name, value] : fields) {
    OSSL_PARAM_BLD_push_BN(build.get(), name, value);
  }
  const std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>> parameters(
      OSSL_PARAM_BLD_to_param(build.get()));
  const std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>> maker(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1) {
    return nullptr;
  }
  return Key(key);
}

/// The private part of an unencrypted openssh-key-v1 file (PROTOCOL.key of OpenSSH).
Key parse_rsa(std::string_view secret) {
  ssh_wire::Reader reader(secret);
  reader.u32();
  reader.u32();
  if (reader.string() != "ssh-rsa") {
    return nullptr;
  }
  const auto n = reader.string();
  const auto e = reader.string();
  const auto d = reader.string();
  const auto iqmp = reader.string();
  const auto p = reader.string();
  const auto q = reader.string();
  return q ? make_rsa(*n, *e, *d, *iqmp, *p, *q) : nullptr;
}

/// The same for ed25519: the seed and the public key, 32 bytes each, are its secret.
Key parse_ed25519(std::string_view secret) {
  constexpr std::size_t kSize = 32;
  ssh_wire::Reader reader(secret);
  reader.u32();
  reader.u32();
  if (reader.string() != "ssh-ed25519") {
    return nullptr;
  }
  const auto shown = reader.string();
  const auto both = reader.string();
  if (!both || both->size() != 2 * kSize || both->substr(kSize) != *shown) {
    return nullptr;
  }
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(*both), kSize));
}

int give_passphrase(char* buffer, int size, int, void* passphrase) {
  const auto& text = *static_cast<const std::string_view*>(passphrase);
  if (text.size() > static_cast<std::size_t>(size)) {
    return -1;
  }
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

Key read_pem(const std::string& text, std::string_view passphrase) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &passphrase));
}

void put_number(std::string& to, const EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) {
    return;
  }
  const Number number(value);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
  BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
  const bool looks_negative = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0;
  ssh_wire::put_string(to, looks_negative ? std::string(1, '\0') + bytes : bytes);
}

std::string rsa_blob(const EVP_PKEY* key) {
  std::string blob;
  ssh_wire::put_string(blob, "ssh-rsa");
  put_number(blob, key, OSSL_PKEY_PARAM_RSA_E);
  put_number(blob, key, OSSL_PKEY_PARAM_RSA_N);
  return blob;
}

/// What stands between the BEGIN and END lines, decoded.
std::optional<std::string> decode_armour(std::string_view text) {
  const std::size_t begin = text.find('\n', text.find("-----BEGIN "));
  const std::size_t end = text.find("-----END ");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    return std::nullopt;
  }
  std::string base64;
  for (const char c : text.substr(begin, end - begin)) {
    if (c != '\n' && c != '\r' && c != ' ') {
      base64 += c;
    }
  }
  return ssh_wire::decode_base64(base64);
}

}  // namespace

struct KeyFile::State {
  std::string path;
  std::string text;
  std::string type;
  std::string blob;
  bool encrypted = false;
  bool openssh = false;
  Key key;

  ~State() { OPENSSL_cleanse(text.data(), text.size()); }

  bool read_openssh() {
    std::optional<std::string> body = decode_armour(text);
    if (!body || !std::string_view(*body).starts_with(kMagic)) {
      return false;
    }
    openssh = true;
    ssh_wire::Reader reader(std::string_view(*body).substr(kMagic.size()));
    const auto cipher = reader.string();
    reader.string();
    reader.string();
    reader.u32();
    const auto key_blob = reader.string();
    const auto secret = reader.string();
    if (!secret) {
      return false;
    }
    encrypted = *cipher != "none";
    blob = *key_blob;
    type = ssh_wire::key_type(blob);
    if (type == "ssh-rsa" && !encrypted) {
      key = parse_rsa(*secret);
    } else if (type == "ssh-ed25519" && !encrypted) {
      key = parse_ed25519(*secret);
    }
    OPENSSL_cleanse(body->data(), body->size());
    return encrypted || type != "ssh-rsa" || key != nullptr;
  }

  bool take_pem(std::string_view passphrase) {
    Key read = read_pem(text, passphrase);
    if (read == nullptr) {
      return false;
    }
    encrypted = false;
    if (EVP_PKEY_get_base_id(read.get()) == EVP_PKEY_RSA) {
      type = "ssh-rsa";
      blob = rsa_blob(read.get());
      key = std::move(read);
    } else {
      type = EVP_PKEY_get_base_id(read.get()) == EVP_PKEY_EC ? "ecdsa" : "ssh-ed25519";
    }
    return true;
  }

  bool parse() {
    if (text.find("-----BEGIN OPENSSH PRIVATE KEY-----") != std::string::npos) {
      return read_openssh();
    }
    if (text.find("PRIVATE KEY-----") == std::string::npos) {
      return false;
    }
    encrypted = text.find("ENCRYPTED") != std::string::npos;
    return encrypted || take_pem("");
  }
};

KeyFile::KeyFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeyFile::KeyFile(KeyFile&&) noexcept = default;
KeyFile& KeyFile::operator=(KeyFile&&) noexcept = default;
KeyFile::~KeyFile() = default;

Result<KeyFile> KeyFile::load(const std::string& path) {
  const std::unique_ptr<std::FILE, Freed<std::fclose>> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    const int error = errno;
    return Error{error == ENOENT ? ErrorCode::not_found : ErrorCode::permission_denied,
                 path + ": " + std::system_category().message(error)};
  }
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  auto state = std::make_unique<State>();
  state->path = path;
  state->text.resize(kKeyFileMax);
  state->text.resize(std::fread(state->text.data(), 1, kKeyFileMax, file.get()));
  if (!state->parse()) {
    return Error{ErrorCode::unsupported, path + ": not a private key that we can read"};
  }
  return KeyFile(std::move(state));
}

const std::string& KeyFile::path() const {
  return state_->path;
}
const std::string& KeyFile::text() const {
  return state_->text;
}
const std::string& KeyFile::type() const {
  return state_->type;
}
const std::string& KeyFile::blob() const {
  return state_->blob;
}
bool KeyFile::is_encrypted() const {
  return state_->encrypted;
}
bool KeyFile::is_rsa() const {
  return state_->type == "ssh-rsa";
}
bool KeyFile::can_sign() const {
  return state_->key != nullptr;
}
bool KeyFile::is_sealed_openssh() const {
  return state_->openssh && state_->encrypted;
}

Result<void> KeyFile::unlock(std::string_view passphrase) {
  if (state_->encrypted && !state_->openssh && !state_->take_pem(passphrase)) {
    return Error{ErrorCode::unauthenticated, state_->path + ": wrong passphrase"};
  }
  return {};
}

std::string KeyFile::sign(std::string_view data) const {
  const EVP_MD* const digest = is_rsa() ? EVP_sha512() : nullptr;  // ed25519 has its own.
  const std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (state_->key == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(data), data.size()) != 1) {
    return {};
  }
  std::string signature(size, '\0');
  auto* const to = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSign(context.get(), to, &size, bytes_of(data), data.size()) != 1) {
    return {};
  }
  signature.resize(size);
  return signature;
}

std::string relabel_rsa(std::string_view blob, std::string_view algorithm) {
  ssh_wire::Reader reader(blob);
  reader.string();
  std::string relabelled;
  ssh_wire::put_string(relabelled, algorithm);
  return relabelled.append(reader.rest());
}

}  // namespace arcform
