"""What fault runs and benches share: real parts, worker processes, and upstream systems that produce to topics."""
