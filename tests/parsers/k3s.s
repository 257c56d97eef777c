// Lets k3s.go declare functions whose bodies are elsewhere.
