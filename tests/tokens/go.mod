module tokens

go 1.26.0

require (
	github.com/distribution/distribution/v3 v3.1.2
	github.com/docker/distribution v2.8.3+incompatible
	github.com/go-jose/go-jose/v4 v4.1.4
	github.com/sirupsen/logrus v1.10.2
)

require (
	github.com/docker/libtrust v0.0.0-20160708172513-aabc10ec26b7 // indirect
	github.com/gorilla/mux v1.8.1 // indirect
	golang.org/x/sys v0.48.0 // indirect
)
