#pragma once

#include <string>

namespace reconcile {

// What kubectl needs to come to the controller, and as whom.
struct Kubeconfig {
  std::string server;           // "https://HOST:PORT"
  std::string authority_pem;    // what its certificate is verified by
  std::string user;             // a DNS subdomain
  std::string namespace_name;   // kubectl's default; may be empty
  std::string certificate_pem;  // either these two,
  std::string private_key_pem;
  std::string token;  // or this
};

// The file's text. Names in it are checked by who gave them.
std::string KubeconfigText(const Kubeconfig& kubeconfig);

}  // namespace reconcile
