"""What speed and care are worth: networks beside other runtimes, training and counting."""
