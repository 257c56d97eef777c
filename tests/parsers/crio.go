package main

import (
	"path/filepath"

	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/pkg/docker/config"
	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/types"
)

// crio asks the parsers of CRI-O: that of registries.conf.d, and that of the file of credentials beside it.
func crio(path, host string) ([]server, error) {
	system := &types.SystemContext{
		SystemRegistriesConfPath:    "/dev/null",
		SystemRegistriesConfDirPath: filepath.Join(path, "registries.conf.d"),
		AuthFilePath:                filepath.Join(path, "auth.json"),
	}
	image, err := reference.ParseNamed(host + "/namespace/image:tag")
	if err != nil {
		return nil, err
	}
	sysregistriesv2.InvalidateCache()
	found, err := sysregistriesv2.FindRegistry(system, image.String())
	if err != nil || found == nil {
		return nil, err
	}
	endpoints := found.Mirrors
	if !found.Blocked {
		endpoints = append(endpoints, found.Endpoint)
	}
	return all(endpoints, nil, func(endpoint sysregistriesv2.Endpoint) (server, error) {
		rewritten := sysregistriesv2.Registry{Prefix: found.Prefix, Endpoint: endpoint}
		sources, err := rewritten.PullSourcesFromReference(image)
		if err != nil {
			return server{}, err
		}
		login, err := config.GetCredentialsForRef(system, sources[0].Reference)
		return server{
			URL: sources[0].Reference.Name(), Username: login.Username, Password: login.Password, Token: login.IdentityToken,
			Insecure: endpoint.Insecure, By: endpoint.PullFromMirror,
		}, err
	})
}
