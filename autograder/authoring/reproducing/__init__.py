"""Run the experiments of both homeworks, resumable at any moment, and write what came out beside what they reported."""
