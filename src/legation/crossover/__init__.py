"""The drop-in for crossover and envoy-xds-configmap-loader: ConfigMaps to files that Envoy watches."""
