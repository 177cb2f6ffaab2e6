#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "link/messages.h"
#include "runtime/container_runtime.h"

namespace reconcile {

inline constexpr size_t kMaxLoginsTried = 8;  // of one image: each is a pull of its own

// With what an image is pulled for a pod.
struct PullLogins {
  std::vector<RegistryLogin> logins;  // tried in turn; none: as anybody may
  std::vector<std::string> missing;   // Secrets of the pod that are not there, or hold no logins
};

// PURE. Which of the pod's imagePullSecrets log in to the image's registry, the most specific name
// first, as the kubelet chooses (pkg/credentialprovider/keyring.go): a registry is named as
// host[:port][/path], each part of the host may be a glob ("*.example.com"), and a path is a
// prefix. Secrets of other types than kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg
// hold none.
PullLogins LoginsFor(const Assignment& assignment, const Pod& pod, std::string_view image);

// PURE. Under what the state of an image is kept for this pod: what one pod may pull, another may
// not. The image, and for a pod with imagePullSecrets their names as well.
std::string ImageKey(const Pod& pod, const std::string& image);

}  // namespace reconcile
